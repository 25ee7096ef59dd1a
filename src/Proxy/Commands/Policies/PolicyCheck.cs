using System.Text.Encodings.Web;
using System.Text.Json;
using Proxy.Cluster;
using Proxy.Policy.Documents;
using Proxy.Telemetry;

namespace Proxy.Commands.Policies;

/// <summary>
/// What is wrong with manifests, and what in them does less than it says. A fault is what a document is refused for; what only
/// shows between documents, such as one name for two of them, is a warning: they need not be for one cluster.
/// </summary>
internal sealed class PolicyCheck
{
    private static readonly JsonWriterOptions Layout = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly int _documents;
    private readonly IReadOnlyList<ManifestFault> _faults;
    private readonly IReadOnlyList<ManifestFault> _warnings;
    private readonly IReadOnlyList<string> _ignored;

    private PolicyCheck(ClusterSnapshot cluster, IReadOnlyList<ManifestFileState> files)
    {
        _documents = files.Sum(file => file.Objects.Count);
        _faults = [.. files.SelectMany(file => file.Faults.Concat(file.Objects.SelectMany(written => written.Faults)))];
        _warnings = [.. cluster.Faults.Except(_faults), .. cluster.Warnings, .. new PolicyFindings(files).Find(cluster).Select(warning => warning.Fault)];
        _ignored = [.. files.SelectMany(file => file.UnknownKinds).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>All files together, as the daemon would read them at its first start.</summary>
    public static PolicyCheck Of(IReadOnlyList<ManifestFileState> files, ClusterOptions options) =>
        new(new SnapshotComposer(options).Compose(ClusterSnapshot.Empty, files, []), files);

    /// <summary>1 for a fault, or for a warning when those count too.</summary>
    public int ExitCode(bool isStrict) => _faults.Count > 0 || (isStrict && _warnings.Count > 0) ? 1 : 0;

    /// <param name="output">Where to.</param>
    /// <param name="form"><c>text</c>, a line for each finding, or <c>json</c>.</param>
    public void Write(TextWriter output, string form)
    {
        if (form == "json")
            WriteJson(output);
        else
            WriteText(output);
    }

    private void WriteText(TextWriter output)
    {
        foreach (var fault in _faults)
            output.WriteLine(TerminalText.Escape($"fault: {fault}"));
        foreach (var warning in _warnings)
            output.WriteLine(TerminalText.Escape($"warning: {warning}"));
        foreach (var kind in _ignored)
            output.WriteLine(TerminalText.Escape($"ignored: kind {kind}"));
        output.WriteLine($"{_documents} documents, {_faults.Count} faults, {_warnings.Count} warnings");
    }

    private void WriteJson(TextWriter output)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Layout))
        {
            json.WriteStartObject();
            json.WriteNumber("documents", _documents);
            WriteFindings(json, "faults", _faults);
            WriteFindings(json, "warnings", _warnings);
            json.WriteStartArray("ignoredKinds");
            foreach (var kind in _ignored)
                json.WriteStringValue(kind);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static void WriteFindings(Utf8JsonWriter json, string name, IReadOnlyList<ManifestFault> findings)
    {
        json.WriteStartArray(name);
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("file", finding.File);
            json.WriteNumber("line", finding.Line);
            json.WriteNumber("column", finding.Column);
            json.WriteString("document", finding.Document);
            json.WriteString("path", finding.Path);
            json.WriteString("reason", finding.Reason);
            json.WriteString("hint", finding.Hint);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
