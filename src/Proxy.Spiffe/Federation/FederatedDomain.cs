using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Proxy.Spiffe.Federation;

/// <summary>
/// Another trust domain and the endpoint that serves its bundle (SPIFFE Federation, section 5.1). All of it is given;
/// none of it is ever inferred from the rest.
/// </summary>
public sealed record FederatedDomain
{
    private const string Scheme = "https://";
    private const string IdMark = ",spiffe://";

    private static readonly SearchValues<char> Unwise = SearchValues.Create("\\\"<>^`{|},");

    private FederatedDomain(TrustDomain trustDomain, Uri url, SpiffeId? endpointId)
    {
        TrustDomain = trustDomain;
        Url = url;
        EndpointId = endpointId;
    }

    /// <summary>Whose bundle is served there.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Where it is served: https, without user information and fragment.</summary>
    public Uri Url { get; }

    /// <summary>Who the server must be, with profile https_spiffe; null with profile https_web.</summary>
    public SpiffeId? EndpointId { get; }

    /// <summary>How the server proves itself: <c>https_web</c> or <c>https_spiffe</c>.</summary>
    public string Profile => EndpointId is null ? "https_web" : "https_spiffe";

    /// <summary>Whether the server proves itself by an SVID of the very trust domain whose bundle it serves.</summary>
    public bool IsSelfServing => EndpointId?.TrustDomain == TrustDomain;

    /// <summary>The URL without its query, which may hold what is nobody's business; for logs and status.</summary>
    public string Place => Url.GetLeftPart(UriPartial.Path);

    /// <summary>Reads <c>DOMAIN=URL</c> for profile https_web, <c>DOMAIN=URL,SPIFFE_ID</c> for https_spiffe; never throws.</summary>
    /// <param name="text">What is to be read.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="error">What is wrong, why, and what to write instead.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out FederatedDomain? domain, out string error)
    {
        ArgumentNullException.ThrowIfNull(text);
        domain = null;
        var equals = text.IndexOf('=');
        var name = equals < 0 ? "" : text[..equals];
        error = $"'{text}' does not begin with a trust domain; write DOMAIN=URL, or DOMAIN=URL,spiffe://ID where the server proves itself by an SVID";
        if (!TrustDomain.TryParse(name, out var trustDomain) || trustDomain.Name != name)
            return false;

        var rest = text[(equals + 1)..];
        var mark = rest.LastIndexOf(IdMark, StringComparison.Ordinal);
        SpiffeId? id = null;
        if (mark >= 0 && !TryReadId(rest[(mark + 1)..], out id, out error))
            return false;
        if (!TryReadUrl(mark < 0 ? rest : rest[..mark], out var url, out error))
            return false;
        domain = new FederatedDomain(trustDomain, url, id);
        return true;
    }

    private static bool TryReadId(string text, [NotNullWhen(true)] out SpiffeId? id, out string error)
    {
        error = SpiffeId.TryParse(text, out id, out var fault) ? "" : $"'{text}' is not a SPIFFE ID ({fault}); the server's ID is needed, exactly";
        if (id is { Path.Length: 0 })
            error = $"'{text}' is a trust domain, and no server can prove to be one; the server's ID has a path";
        return error.Length == 0;
    }

    private static bool TryReadUrl(string text, [NotNullWhen(true)] out Uri? url, out string error)
    {
        url = null;
        error = FindFault(text);
        if (error.Length == 0 && (!Uri.TryCreate(text, UriKind.Absolute, out url) || url.Scheme != Uri.UriSchemeHttps || url.Host.Length == 0 || url.Port == 0))
            error = $"'{text}' is not a URL; expected is https://HOST[:PORT]/PATH";
        return error.Length == 0;
    }

    // Looked at as it was written: the URL library drops and changes some of this.
    private static string FindFault(string text)
    {
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return $"'{text}' is not an https:// URL; a bundle that anybody on the way can replace proves nothing";
        if (text.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || text.AsSpan().ContainsAny(Unwise))
            return "the URL has a character that must be percent-encoded in one (a comma is %2C); a SPIFFE ID behind it begins with spiffe://";
        if (text.Contains('#', StringComparison.Ordinal))
            return $"'{text}' has a fragment, which is never sent; leave out the # and what follows";
        var authority = text.AsSpan(Scheme.Length);
        var end = authority.IndexOfAny('/', '?');
        return (end < 0 ? authority : authority[..end]).Contains('@')
            ? "the URL has user information before its host, and bundle endpoints ask for none (SPIFFE Federation, section 5.2); leave it out"
            : "";
    }
}
