namespace Proxy.Tests.Lifetime;

/// <summary>One row of docs/REASONS.md, cell by cell, under the heading of its section.</summary>
internal sealed record ReasonRow(string Section, IReadOnlyList<string> Cells)
{
    /// <summary>The reason as flows and logs write it; without its backticks.</summary>
    public string Text => Cells[0].Trim('`');
}

/// <summary>The tables of docs/REASONS.md, and the sources of the tests around the one that runs.</summary>
internal static class ReasonsDocument
{
    private static readonly string Root = FindRoot();

    public static IReadOnlyList<ReasonRow> Rows(string section) => [.. ReadRows().Where(row => row.Section == section)];

    public static string SourceOf(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static IEnumerable<string> SourcesIn(string folder) =>
        Directory.GetFiles(Path.Combine(Root, folder), "*.cs").Select(File.ReadAllText);

    private static IEnumerable<ReasonRow> ReadRows()
    {
        var section = "";
        foreach (var line in SourceOf("docs/REASONS.md").Split('\n'))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                section = line[3..].Trim();
            else if (line.StartsWith("| `", StringComparison.Ordinal))
                yield return new ReasonRow(section, [.. line.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries)]);
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Proxy.sln")))
                return folder.FullName;

        throw new InvalidOperationException($"no Proxy.sln above {AppContext.BaseDirectory}");
    }
}
