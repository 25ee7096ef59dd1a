using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// What SslStream needs for a handshake: one certificate context per SVID generation, made offline, and TLS 1.3
/// with both certificates. No resumption: every connection proves its identity anew.
/// </summary>
internal static class TlsContexts
{
    /// <summary>ALPN of a tunnel between node-proxies (docs/TUNNEL.md). Without it the stream is the application's own.</summary>
    internal static readonly SslApplicationProtocol TunnelProtocol = new("node-proxy/1");

    // A context lives as long as the SVID it was made from: rotation makes another SVID.
    private static readonly ConditionalWeakTable<X509Svid, SslStreamCertificateContext> Contexts = [];

    /// <summary>A client that offers others, of which a server must choose one or refuse, speaks to the application itself.</summary>
    internal static readonly List<SslApplicationProtocol> Served = [TunnelProtocol, SslApplicationProtocol.Http11, SslApplicationProtocol.Http2];

    private static readonly List<SslApplicationProtocol> Offered = [TunnelProtocol];

    /// <summary>The protocol with this name; empty for none.</summary>
    internal static SslApplicationProtocol ProtocolOf(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
            return default;
        foreach (var known in Served)
        {
            if (name.SequenceEqual(known.Protocol.Span))
                return known;
        }

        return new SslApplicationProtocol(name.ToArray());
    }

    internal static SslClientAuthenticationOptions ForClient(X509Svid svid, PeerVerifier verifier, bool offersTunnel = true) => new()
    {
        TargetHost = "",
        ApplicationProtocols = offersTunnel ? Offered : null,
        ClientCertificateContext = ContextOf(svid),
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateChainPolicy = verifier.Bundle.CreateChainPolicy(),
        RemoteCertificateValidationCallback = verifier.Validate,
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };

    internal static SslServerAuthenticationOptions ForServer(X509Svid svid, PeerVerifier verifier) => new()
    {
        ApplicationProtocols = Served,
        ServerCertificateContext = ContextOf(svid),
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateChainPolicy = verifier.Bundle.CreateChainPolicy(),
        RemoteCertificateValidationCallback = verifier.Validate,
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };

    /// <summary>
    /// Makes the contexts of SVIDs before any connection needs them, off the workers: making one reads the system's
    /// certificates, which blocks, and fails without descriptors. What fails here is tried again by the first handshake.
    /// </summary>
    internal static void Prepare(IEnumerable<X509Svid> svids)
    {
        foreach (var svid in svids)
        {
            try
            {
                ContextOf(svid);
            }
            catch (Exception e) when (e is IOException or CryptographicException)
            {
                // The handshake that needs it says why.
            }
        }
    }

    private static SslStreamCertificateContext ContextOf(X509Svid svid) => Contexts.GetValue(svid, static made =>
        SslStreamCertificateContext.Create(made.Certificate, new X509Certificate2Collection(made.Intermediates.ToArray()), offline: true));
}
