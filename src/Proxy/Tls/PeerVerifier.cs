using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// Judges the certificate of one handshake: a chain to the bundle of the expected trust domain and exactly the
/// expected SPIFFE ID. Keeps what it found, because the handshake itself only says that it failed.
/// </summary>
internal sealed class PeerVerifier(TrustBundle bundle, SpiffeId expected, TimeProvider time)
{
    internal TrustBundle Bundle => bundle;

    /// <summary>What was found; null until a certificate, or its absence, has been judged.</summary>
    internal SvidCheck? Found { get; private set; }

    /// <summary>When the peer's certificate expires; never, as long as none has been judged.</summary>
    internal DateTimeOffset ExpiresAt { get; private set; } = DateTimeOffset.MaxValue;

    /// <summary>The callback of SslStream. The stream's own view of host names has no meaning for SPIFFE.</summary>
    internal bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var found = SvidVerifier.Check(certificate as X509Certificate2, chain, bundle, expected, time.GetUtcNow());
        Found = found;
        if (certificate is X509Certificate2 leaf)
            ExpiresAt = leaf.NotAfter;
        return found.IsValid;
    }
}
