using System.Runtime.CompilerServices;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// What a bundle says of an SVID of ours, for connections on one node, where no handshake asks. It is asked once for each
/// SVID and bundle, and remembered as long as both are held.
/// </summary>
internal static class OwnChains
{
    private static readonly ConditionalWeakTable<X509Svid, ConditionalWeakTable<TrustBundle, Believed>> Known = [];

    /// <summary>Whether the SVID, which is valid in time, leads to the bundle.</summary>
    internal static SvidCheck Check(X509Svid svid, TrustBundle bundle, DateTimeOffset now)
    {
        var bundles = Known.GetOrCreateValue(svid);
        if (bundles.TryGetValue(bundle, out var believed) && now < believed.Check.ExpiresAt)
            return believed.Check;
        var check = SvidVerifier.Verify([svid.Certificate, .. svid.Intermediates], domain => domain == bundle.TrustDomain ? bundle : null, now);
        if (check.IsValid)
            bundles.AddOrUpdate(bundle, new Believed(check));
        return check;
    }

    private sealed record Believed(SvidCheck Check);
}
