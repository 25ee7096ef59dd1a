using System.Diagnostics.CodeAnalysis;

namespace Proxy.Spiffe;

/// <summary>
/// The name of a trust domain, for example <c>cluster.local</c>: valid by construction, compared byte for byte.
/// </summary>
public sealed record TrustDomain
{
    /// <summary>The longest trust domain name, in bytes (SPIFFE-ID, section 2.1).</summary>
    public const int MaximumLength = 255;

    /// <summary>Takes a bare name.</summary>
    /// <exception cref="ArgumentException">The name is empty, too long, or has a character that is not allowed.</exception>
    public TrustDomain(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!TryParse(name, out var parsed) || parsed.Name != name)
            throw new ArgumentException($"'{name}' is not the name of a trust domain.", nameof(name));
        Name = name;
    }

    private TrustDomain(string name, bool _) => Name = name;

    /// <summary>The bare name, without scheme.</summary>
    public string Name { get; }

    /// <summary>The SPIFFE ID of the trust domain itself, <c>spiffe://name</c>.</summary>
    public SpiffeId Id => SpiffeId.Of(this);

    /// <summary>Takes a bare name or any SPIFFE ID, whose trust domain it gives.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out TrustDomain? domain)
    {
        domain = null;
        var id = text is not null && text.Contains(":/", StringComparison.Ordinal) ? text : SpiffeId.Scheme + text;
        if (!SpiffeId.TryParse(id, out var parsed, out _))
            return false;
        if (id != text && parsed.Path.Length > 0)
            return false;
        domain = parsed.TrustDomain;
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal static TrustDomain Trusted(string name) => new(name, true);
}
