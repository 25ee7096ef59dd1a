using System.Diagnostics.CodeAnalysis;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.DelegatedIdentity;

/// <summary>Turns messages into state. A message with any fault in it is refused as a whole.</summary>
internal static class ResponseReader
{
    public static bool TryRead(
        SubscribeToX509SVIDsResponse response,
        [NotNullWhen(true)] out WorkloadIdentity? identity,
        out string error)
    {
        identity = null;
        error = "";
        var svids = new List<X509Svid>(response.X509Svids.Count);
        foreach (var message in response.X509Svids)
        {
            if (!TryRead(message, out var svid, out error))
                return false;
            svids.Add(svid);
        }

        if (!TryReadDomains(response.FederatesWith, out var domains, out error))
            return false;
        identity = new WorkloadIdentity(svids, domains);
        return true;
    }

    public static bool TryRead(
        SubscribeToX509BundlesResponse response,
        [NotNullWhen(true)] out List<TrustBundle>? bundles,
        out string error)
    {
        bundles = null;
        error = "";
        var read = new Dictionary<TrustDomain, TrustBundle>();
        foreach (var (name, der) in response.CaCertificates)
        {
            if (!TryReadDomain(name, out var domain, out error)
                || !TrustBundle.TryParse(domain, der.Span, out var bundle, out error))
                return false;
            if (read.TryAdd(domain, bundle))
                continue;
            error = $"The trust domain {domain} is given twice.";
            return false;
        }

        bundles = [.. read.Values];
        return true;
    }

    private static bool TryRead(X509SVIDWithKey message, [NotNullWhen(true)] out X509Svid? svid, out string error)
    {
        var chain = message.X509Svid?.CertChain.Select(der => der.Memory).ToArray() ?? [];
        if (!X509Svid.TryParse(chain, message.X509SvidKey.Span, out svid, out error))
            return false;
        var id = message.X509Svid?.Id;
        if (id is null || svid.Id.ToString() == $"{SpiffeId.Scheme}{id.TrustDomain}{id.Path}")
            return true;
        error = $"The message and the certificate name different IDs; the certificate names {svid.Id}.";
        svid = null;
        return false;
    }

    private static bool TryReadDomains(IEnumerable<string> names, out List<TrustDomain> domains, out string error)
    {
        domains = [];
        error = "";
        foreach (var name in names)
        {
            if (!TryReadDomain(name, out var domain, out error))
                return false;
            domains.Add(domain);
        }

        return true;
    }

    // SPIRE's documentation says bare names, its agent sends IDs: both are taken.
    private static bool TryReadDomain(string name, [NotNullWhen(true)] out TrustDomain? domain, out string error)
    {
        error = "";
        if (TrustDomain.TryParse(name, out domain))
            return true;
        error = "A message names a trust domain that is none.";
        return false;
    }
}
