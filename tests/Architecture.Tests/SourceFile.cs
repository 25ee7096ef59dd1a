namespace Architecture.Tests;

/// <summary>One C# file.</summary>
/// <param name="Path">From the root of the repository, with slashes.</param>
/// <param name="Text">As it is.</param>
internal sealed record SourceFile(string Path, string Text)
{
    // It only picks the verb, so it lies above the rest like the verbs themselves.
    private const string EntryPoint = "Program.cs";
    private const string ProcessFolder = "src/Proxy/";

    /// <summary>Without comments and the contents of strings.</summary>
    public string Code { get; } = CodeText.Of(Text);

    public int LineCount => Text.Count(c => c == '\n');

    /// <summary>`Proxy.Policy`, `Cluster`, or `Proxy` for the files that lie in no room.</summary>
    public string Room
    {
        get
        {
            var parts = Path.Split('/');
            if (!Path.StartsWith(ProcessFolder, StringComparison.Ordinal))
                return parts[1];

            return parts.Length > 3 ? parts[2] : parts[2] == EntryPoint ? "Commands" : "Proxy";
        }
    }

    /// <summary>The namespace that the folder demands.</summary>
    public string ExpectedNamespace => string.Join('.', Path.Split('/')[1..^1]);

    /// <summary>The line of a place in the code, from 1.</summary>
    public int LineOf(int index) => Code.AsSpan(0, index).Count('\n') + 1;
}
