namespace Architecture.Tests;

/// <summary>The repository around the running test.</summary>
internal static class SourceTree
{
    private const string Solution = "Proxy.sln";

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<SourceFile> Sources { get; } = Read("src");

    public static IReadOnlyList<SourceFile> Tests { get; } = Read("tests");

    public static RoomTable Rooms { get; } = RoomTable.Parse(ReadText("ARCHITECTURE.md"));

    /// <summary>The documents of the root and of `docs`, by path.</summary>
    public static IReadOnlyDictionary<string, string> Documents { get; } =
        Directory.GetFiles(Root, "*.md")
            .Concat(Directory.Exists(Path.Combine(Root, "docs"))
                ? Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
                : [])
            .ToDictionary(path => Path.GetRelativePath(Root, path), File.ReadAllText);

    public static string ReadText(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static List<SourceFile> Read(string folder) =>
        [.. Directory.GetFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(path, ReadText(path)))];

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, Solution)))
                return folder.FullName;

        throw new InvalidOperationException($"No {Solution} above {AppContext.BaseDirectory}.");
    }
}
