using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// What SslStream needs for a handshake: one certificate context per SVID generation, made offline, and TLS 1.3
/// with both certificates. No resumption: every connection proves its identity anew.
/// </summary>
internal static class TlsContexts
{
    // A context lives as long as the SVID it was made from: rotation makes another SVID.
    private static readonly ConditionalWeakTable<X509Svid, SslStreamCertificateContext> Contexts = [];

    internal static SslClientAuthenticationOptions ForClient(X509Svid svid, PeerVerifier verifier) => new()
    {
        TargetHost = "",
        ClientCertificateContext = ContextOf(svid),
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateChainPolicy = verifier.Bundle.CreateChainPolicy(),
        RemoteCertificateValidationCallback = verifier.Validate,
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };

    internal static SslServerAuthenticationOptions ForServer(X509Svid svid, PeerVerifier verifier) => new()
    {
        ServerCertificateContext = ContextOf(svid),
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateChainPolicy = verifier.Bundle.CreateChainPolicy(),
        RemoteCertificateValidationCallback = verifier.Validate,
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };

    private static SslStreamCertificateContext ContextOf(X509Svid svid) => Contexts.GetValue(svid, static made =>
        SslStreamCertificateContext.Create(made.Certificate, new X509Certificate2Collection(made.Intermediates.ToArray()), offline: true));
}
