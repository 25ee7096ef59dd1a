using System.Buffers.Text;
using System.Text;
using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Reads `v1 Secret`. No fault shows a value.</summary>
internal static class SecretReader
{
    public static PolicySecret Read(FieldReader fields)
    {
        var entries = new Dictionary<string, byte[]?>(StringComparer.Ordinal);
        foreach (var (key, value) in fields.Mapping(fields.Root, "data")?.Entries ?? [])
            entries[key.Value] = Decode(fields, value);
        // As the API server does: what is written as text replaces what is written as bytes.
        foreach (var (key, value) in fields.Mapping(fields.Root, "stringData")?.Entries ?? [])
            entries[key.Value] = TextOf(fields, value) is { } text ? Encoding.UTF8.GetBytes(text) : null;
        return new PolicySecret(fields.Namespace(), fields.Name(), entries.Count == 1 ? entries.Values.Single() : null);
    }

    private static byte[]? Decode(FieldReader fields, ManifestNode value)
    {
        if (TextOf(fields, value) is not { } text)
            return null;
        if (Base64.IsValid(text))
            return Convert.FromBase64String(text);
        fields.Report(value, "must be base64; this secret matches nothing");
        return null;
    }

    private static string? TextOf(FieldReader fields, ManifestNode value)
    {
        if (value is ManifestScalar scalar)
            return scalar.IsNull ? "" : scalar.Value;
        fields.Report(value, "must be a single value; this secret matches nothing");
        return null;
    }
}
