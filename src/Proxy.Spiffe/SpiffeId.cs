using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Proxy.Spiffe;

/// <summary>
/// A SPIFFE ID, valid by construction and compared byte for byte. Parsed by hand: a URI library would change
/// the case of the trust domain, fold dot segments and decode escapes, and so let two texts mean one ID.
/// </summary>
public sealed class SpiffeId : IEquatable<SpiffeId>
{
    /// <summary>The longest ID that is accepted, in bytes (SPIFFE-ID, section 2.3).</summary>
    public const int MaximumLength = 2048;

    internal const string Scheme = "spiffe://";

    private readonly string _text;

    private SpiffeId(string text, int pathStart, TrustDomain? domain = null)
    {
        _text = text;
        TrustDomain = domain ?? TrustDomain.Trusted(text[Scheme.Length..pathStart]);
        Path = text[pathStart..];
    }

    /// <summary>The trust domain that the ID belongs to.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>The path with its leading slash, or an empty string.</summary>
    public string Path { get; }

    /// <summary>Parses a text; never throws.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SpiffeId? id, out SpiffeIdError error)
    {
        id = null;
        error = SpiffeIdError.Empty;
        if (text is null)
            return false;
        error = SpiffeIdError.TooLong;
        if (text.Length > MaximumLength)
            return false;
        // Not by an Encoding: Latin-1 turns some letters into similar ASCII ones. 0x80 is allowed nowhere.
        Span<byte> bytes = stackalloc byte[text.Length];
        for (var i = 0; i < text.Length; i++)
            bytes[i] = text[i] < 0x80 ? (byte)text[i] : (byte)0x80;
        return TryParse(bytes, out id, out error);
    }

    /// <summary>Parses the bytes of an IA5String as a certificate carries it; never throws.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out SpiffeId? id, out SpiffeIdError error)
    {
        id = null;
        error = SpiffeIdParser.Parse(text, out var pathStart);
        if (error != SpiffeIdError.None)
            return false;
        id = new SpiffeId(Encoding.ASCII.GetString(text), pathStart);
        return true;
    }

    /// <summary>Parses a text that must be right.</summary>
    /// <exception cref="FormatException">The text is not a SPIFFE ID; the message says why.</exception>
    public static SpiffeId Parse(string text) =>
        TryParse(text, out var id, out var error) ? id : throw new FormatException($"'{text}' is not a SPIFFE ID: {error}.");

    /// <inheritdoc/>
    public bool Equals(SpiffeId? other) => other is not null && string.Equals(_text, other._text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SpiffeId);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(_text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => _text;

    /// <summary>Whether two IDs are the same, byte for byte.</summary>
    public static bool operator ==(SpiffeId? left, SpiffeId? right) => Equals(left, right);

    /// <summary>Whether two IDs differ.</summary>
    public static bool operator !=(SpiffeId? left, SpiffeId? right) => !Equals(left, right);

    internal static SpiffeId Of(TrustDomain domain) =>
        new(Scheme + domain.Name, Scheme.Length + domain.Name.Length, domain);
}
