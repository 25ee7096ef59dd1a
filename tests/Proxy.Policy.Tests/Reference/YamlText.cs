using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Proxy.Policy.Tests.Reference;

/// <summary>Writes a tree as YAML: blocks above, flow style for what holds nothing nested.</summary>
internal static class YamlText
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(JsonNode node) => string.Join('\n', Lines(node)) + "\n";

    private static IEnumerable<string> Lines(JsonNode? node) => node switch
    {
        JsonObject mapping when IsNested(mapping) => mapping.SelectMany(entry => LinesOf($"{Key(entry.Key)}:", entry.Value)),
        JsonArray sequence when IsNested(sequence) => sequence.SelectMany(ItemLines),
        _ => [Flow(node)],
    };

    private static IEnumerable<string> LinesOf(string key, JsonNode? value) =>
        IsNested(value) ? [key, .. Lines(value).Select(line => $"  {line}")] : [$"{key} {Flow(value)}"];

    private static IEnumerable<string> ItemLines(JsonNode? item) =>
        Lines(item).Select((line, i) => (i == 0 ? "- " : "  ") + line);

    private static bool IsNested(JsonNode? node) => node switch
    {
        JsonObject mapping => mapping.Any(entry => entry.Value is JsonObject or JsonArray),
        JsonArray sequence => sequence.Any(item => item is JsonObject or JsonArray),
        _ => false,
    };

    private static string Flow(JsonNode? node) => node switch
    {
        JsonObject mapping => $"{{{string.Join(", ", mapping.Select(entry => $"{Key(entry.Key)}: {Flow(entry.Value)}"))}}}",
        JsonArray sequence => $"[{string.Join(", ", sequence.Select(Flow))}]",
        null => "null",
        _ => node.ToJsonString(Plain),
    };

    private static string Key(string key) =>
        key.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '/' or '-') ? key : $"\"{key}\"";
}
