using System.Diagnostics.CodeAnalysis;

namespace Proxy.Spiffe;

/// <summary>Which SPIFFE IDs are accepted of a server: one, or all below a path, written <c>spiffe://td/path/*</c>.</summary>
public sealed record SpiffeIdPattern
{
    private const string Below = "/*";

    private readonly SpiffeId _id;
    private readonly bool _isBelow;

    private SpiffeIdPattern(SpiffeId id, bool isBelow)
    {
        _id = id;
        _isBelow = isBelow;
    }

    /// <summary>Reads a SPIFFE ID, with <c>/*</c> at its end for all below it; never throws.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SpiffeIdPattern? pattern)
    {
        ArgumentNullException.ThrowIfNull(text);
        pattern = null;
        var isBelow = text.EndsWith(Below, StringComparison.Ordinal);
        if (!SpiffeId.TryParse(isBelow ? text[..^Below.Length] : text, out var id, out _))
            return false;
        if (!isBelow && id.Path.Length == 0)
            return false;
        pattern = new SpiffeIdPattern(id, isBelow);
        return true;
    }

    /// <summary>Whether the ID is the one, or below the path segment by segment.</summary>
    public bool Accepts(SpiffeId id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return _isBelow
            ? id.TrustDomain == _id.TrustDomain && id.Path.StartsWith(_id.Path + "/", StringComparison.Ordinal)
            : id == _id;
    }

    /// <inheritdoc/>
    public override string ToString() => _isBelow ? $"{_id}{Below}" : _id.ToString();
}
