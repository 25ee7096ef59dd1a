using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Proxy.Spiffe.X509;

/// <summary>
/// A SPIFFE bundle as bundle endpoints publish it: a JWK set with SPIFFE's members (SPIFFE Trust Domain and Bundle,
/// section 4). It does not name its trust domain; who asks for it knows.
/// </summary>
/// <param name="Bundle">The roots for X.509-SVIDs; other keys are not kept.</param>
/// <param name="Sequence"><c>spiffe_sequence</c>; null when it is absent.</param>
/// <param name="RefreshHint"><c>spiffe_refresh_hint</c>: how often to look for a newer one; null when it is absent.</param>
public sealed record BundleDocument(TrustBundle Bundle, ulong? Sequence, TimeSpan? RefreshHint)
{
    /// <summary>The largest document in bytes.</summary>
    public const int MaximumLength = 4 * 1024 * 1024;

    // A JWK set is an object of an array of objects; parameters that nobody knows may nest a little.
    private const int MaximumDepth = 16;

    private static readonly TimeSpan LongestHint = TimeSpan.FromDays(366);
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaximumDepth, AllowDuplicateProperties = false };

    /// <summary>
    /// Reads one bundle; never throws for what it is given. Keys of other uses and types are passed over, as the
    /// standard demands; a certificate that cannot be read refuses the whole document, so that the last good one stays.
    /// </summary>
    /// <param name="trustDomain">Whose bundle it is.</param>
    /// <param name="utf8Json">The document.</param>
    /// <param name="document">The bundle, which has no roots when no usable key is in the set.</param>
    /// <param name="error">One sentence.</param>
    public static bool TryParse(
        TrustDomain trustDomain,
        ReadOnlyMemory<byte> utf8Json,
        [NotNullWhen(true)] out BundleDocument? document,
        out string error)
    {
        document = Open(utf8Json, (JsonElement root, out string fault) => Read(trustDomain, root, out fault), out error);
        return document is not null;
    }

    /// <summary>
    /// Reads a bundle map: an object whose <c>trust_domains</c> has one bundle for each name. A document with any fault
    /// is refused as a whole.
    /// </summary>
    /// <param name="utf8Json">The document.</param>
    /// <param name="documents">One for each trust domain; refresh hints in them do not count.</param>
    /// <param name="error">One sentence.</param>
    public static bool TryParseMap(
        ReadOnlyMemory<byte> utf8Json,
        [NotNullWhen(true)] out IReadOnlyList<BundleDocument>? documents,
        out string error)
    {
        documents = Open(utf8Json, ReadMap, out error);
        return documents is not null;
    }

    /// <summary>The document as an endpoint publishes it (application/json).</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys");
            foreach (var root in Bundle.Roots)
                BundleKeys.Write(json, root);
            json.WriteEndArray();
            if (Sequence is { } sequence)
                json.WriteNumber("spiffe_sequence", sequence);
            if (RefreshHint is { } hint)
                json.WriteNumber("spiffe_refresh_hint", (long)hint.TotalSeconds);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private delegate T? Reader<T>(JsonElement root, out string error);

    private static T? Open<T>(ReadOnlyMemory<byte> utf8Json, Reader<T> read, out string error)
        where T : class
    {
        error = $"The bundle is larger than {MaximumLength} bytes.";
        if (utf8Json.Length > MaximumLength)
            return null;
        try
        {
            using var json = JsonDocument.Parse(utf8Json, Strict);
            return read(json.RootElement, out error);
        }
        catch (JsonException e)
        {
            error = $"The bundle is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.";
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, escaped: JSON by its grammar, and the reader throws where it is looked at.
            error = "A name or value in the bundle is no text.";
        }

        return null;
    }

    private static List<BundleDocument>? ReadMap(JsonElement root, out string error)
    {
        error = "The bundle map has no object 'trust_domains'.";
        if (root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("trust_domains", out var domains)
            || domains.ValueKind != JsonValueKind.Object)
            return null;

        var read = new Dictionary<TrustDomain, BundleDocument>();
        foreach (var member in domains.EnumerateObject())
        {
            error = "The bundle map names a trust domain that is none.";
            if (!TrustDomain.TryParse(member.Name, out var domain))
                return null;
            if (Read(domain, member.Value, out error) is not { } document)
                return null;
            error = $"The trust domain {domain} is given twice.";
            if (!read.TryAdd(domain, document))
                return null;
        }

        error = "";
        return [.. read.Values];
    }

    private static BundleDocument? Read(TrustDomain domain, JsonElement root, out string error)
    {
        error = $"The bundle of {domain} has no array 'keys'.";
        if (root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("keys", out var keys)
            || keys.ValueKind != JsonValueKind.Array)
            return null;

        if (!BundleKeys.TryRead(keys, out var roots))
            error = $"A key of the bundle of {domain} has a certificate that cannot be read.";
        else if (!TryReadSequence(root, out var sequence))
            error = $"The spiffe_sequence of the bundle of {domain} is not a whole number of 64 bits.";
        else if (!TryReadHint(root, out var hint))
            error = $"The spiffe_refresh_hint of the bundle of {domain} is not a number of seconds.";
        else
        {
            error = "";
            return new BundleDocument(new TrustBundle(domain, roots), sequence, hint);
        }

        return null;
    }

    private static bool TryReadSequence(JsonElement root, out ulong? sequence)
    {
        sequence = null;
        if (!root.TryGetProperty("spiffe_sequence", out var element) || element.ValueKind == JsonValueKind.Null)
            return true;
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetUInt64(out var number))
            return false;
        sequence = number;
        return true;
    }

    private static bool TryReadHint(JsonElement root, out TimeSpan? hint)
    {
        hint = null;
        if (!root.TryGetProperty("spiffe_refresh_hint", out var element) || element.ValueKind == JsonValueKind.Null)
            return true;
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out var seconds) || seconds < 0)
            return false;
        // Nothing is suggested by zero, and a hint beyond a year is as good as a year.
        if (seconds > 0)
            hint = TimeSpan.FromSeconds(Math.Min(seconds, (long)LongestHint.TotalSeconds));
        return true;
    }
}
