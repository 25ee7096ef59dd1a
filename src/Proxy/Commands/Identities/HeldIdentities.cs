using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Telemetry;

namespace Proxy.Commands.Identities;

/// <summary>What a running daemon holds of identities: read from its state, narrowed, judged, printed.</summary>
internal sealed class HeldIdentities
{
    // For a terminal or a tool, not for a page: what JSON itself demands is escaped, and no more.
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonObject _identity;

    private HeldIdentities(JsonObject identity) => _identity = identity;

    /// <summary>Null when the daemon's state has none, as that of another version.</summary>
    public static HeldIdentities? Read(string status)
    {
        try
        {
            return JsonNode.Parse(status)?["identity"] is JsonObject identity && identity["source"] is JsonObject ? new HeldIdentities(identity) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>What is not as it should be: each is a reason for exit code 1.</summary>
    public IEnumerable<string> Faults =>
    [
        .. IsConnected ? [] : (string[])["The source is not connected; what it said last is in force."],
        .. All("missing").Select(one => $"No valid SVID for {Name(one)}, which is to be {Text(one, "expectedId")}."),
        .. All("svids").Where(IsOver).Select(one => $"The SVID of {Name(one)} expired at {Time(one, "expires")}."),
        .. All("authorities").GroupBy(one => Text(one, "trustDomain")).Where(domain => domain.All(IsOver)).Select(domain => $"No authority of {domain.Key} is valid any longer."),
        .. SourceFaults.Select(one => $"Since {Time(one, "since")}: {Text(one, "text")}"),
        .. All("federation").Where(one => one["error"] is not null).Select(one => $"Federation with {Text(one, "trustDomain")}: {Text(one, "error")}"),
    ];

    private bool IsConnected => _identity["connected"]?.GetValueKind() == JsonValueKind.True;

    private IEnumerable<JsonObject> SourceFaults => ArrayOf(_identity["source"], "faults");

    /// <summary>Leaves out the pods that are not asked for; what is about no pod stays.</summary>
    public void Narrow(string pods, string names)
    {
        foreach (var name in (string[])["svids", "missing"])
        {
            var kept = All(name).Where(one => Fits(pods, Text(one, "namespace")) && Fits(names, Text(one, "pod"))).Select(one => one.DeepClone()).ToArray();
            _identity[name] = new JsonArray(kept);
        }
    }

    public void WriteJson(TextWriter output) => output.WriteLine(_identity.ToJsonString(Indented));

    public void WriteText(TextWriter output)
    {
        var source = _identity["source"]!;
        Line(output, $"source: {Text(source, "kind")} {Text(source, "endpoint")}, {(IsConnected ? "connected" : "NOT CONNECTED")}, last heard {(source["lastHeard"] is null ? "never" : Time(source, "lastHeard"))}");
        Table(output, "svids", ["NAMESPACE", "POD", "ID", "SERIAL", "NOT BEFORE", "EXPIRES", "REMAINING", "KEY"], svid =>
            [Text(svid, "namespace"), Text(svid, "pod"), Text(svid, "id"), Text(svid, "serial"), Time(svid, "notBefore"), Time(svid, "expires"), Remaining(svid), Text(svid, "keyType")]);
        Table(output, "authorities", ["TRUST DOMAIN", "AUTHORITIES", "FINGERPRINT (SHA-256)", "EXPIRES", "REMAINING"], root =>
            [Text(root, "trustDomain"), Count(root), Text(root, "fingerprint"), Time(root, "expires"), Remaining(root)]);
        Table(output, "federation", ["FEDERATED", "PROFILE", "URL", "SEQUENCE", "LAST FETCH", "NEXT FETCH"], domain =>
            [Text(domain, "trustDomain"), Text(domain, "profile"), Text(domain, "url"), Text(domain, "sequence"), Time(domain, "lastFetch"), Time(domain, "nextFetch")]);
        foreach (var fault in Faults)
            Line(output, $"fault: {fault}");
    }

    private string Count(JsonObject root) =>
        All("authorities").Count(other => Text(other, "trustDomain") == Text(root, "trustDomain")).ToString(CultureInfo.InvariantCulture);

    private void Table(TextWriter output, string name, string[] heads, Func<JsonObject, string[]> cells)
    {
        var rows = All(name).Select(cells).Prepend(heads).ToArray();
        if (rows.Length == 1)
            return;
        output.WriteLine();
        var widths = Enumerable.Range(0, heads.Length).Select(i => rows.Max(row => row[i].Length)).ToArray();
        foreach (var row in rows)
            Line(output, string.Join("  ", row.Select((cell, i) => (cell.Length == 0 ? "-" : cell).PadRight(widths[i]))).TrimEnd());
    }

    private IEnumerable<JsonObject> All(string name) => ArrayOf(_identity, name);

    // What came from the cluster or from another machine may hold anything.
    private static void Line(TextWriter output, string text) => output.WriteLine(TerminalText.Escape(text));

    private static IEnumerable<JsonObject> ArrayOf(JsonNode? parent, string name) => (parent?[name] as JsonArray)?.OfType<JsonObject>() ?? [];

    private static string Text(JsonNode one, string name) => one[name]?.ToString() ?? "";

    private static string Time(JsonNode one, string name) =>
        DateTimeOffset.TryParse(Text(one, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToString("u", CultureInfo.InvariantCulture)
            : Text(one, name);

    private static string Name(JsonObject one) => Text(one, "pod").Length > 0 ? $"{Text(one, "namespace")}/{Text(one, "pod")}" : Text(one, "uid");

    private static bool Fits(string wanted, string found) => wanted.Length == 0 || wanted == found;

    private static bool IsOver(JsonObject one) => Seconds(one) <= 0;

    private static long Seconds(JsonObject one) => one["remainingSeconds"] is JsonValue value && value.TryGetValue<long>(out var seconds) ? seconds : 0;

    private static string Remaining(JsonObject one) =>
        IsOver(one) ? "EXPIRED" : TimeSpan.FromSeconds(Seconds(one)).ToString(Seconds(one) >= 86_400 ? @"d\d\ hh\:mm\:ss" : @"hh\:mm\:ss", CultureInfo.InvariantCulture);
}
