using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.X509;

/// <summary>The two ends of a handshake, one of which verifies as the product's TLS does.</summary>
internal sealed class HandshakePeer(TrustBundle bundle, SpiffeId expected)
{
    public SvidFault Fault { get; private set; } = SvidFault.NoCertificate;

    public SslServerAuthenticationOptions ServerOptions(SslStreamCertificateContext presented, bool isVerifier) => new()
    {
        EnabledSslProtocols = SslProtocols.Tls13,
        ServerCertificateContext = presented,
        ClientCertificateRequired = isVerifier,
        CertificateChainPolicy = bundle.CreateChainPolicy(),
        RemoteCertificateValidationCallback = isVerifier ? Verify : null,
    };

    public SslClientAuthenticationOptions ClientOptions(SslStreamCertificateContext presented, bool isVerifier) => new()
    {
        TargetHost = "",
        EnabledSslProtocols = SslProtocols.Tls13,
        ClientCertificateContext = isVerifier ? null : presented,
        CertificateChainPolicy = bundle.CreateChainPolicy(),
        RemoteCertificateValidationCallback = isVerifier ? Verify : VerifySelf,
    };

    private bool Verify(object sender, X509Certificate? leaf, X509Chain? chain, SslPolicyErrors errors)
    {
        var check = SvidVerifier.Check(leaf as X509Certificate2, chain, bundle, expected, TimeProvider.System.GetUtcNow());
        Fault = check.Fault;
        return check.IsValid;
    }

    // Where the server verifies, both ends present one certificate and the client is not the subject of the test.
    private static bool VerifySelf(object sender, X509Certificate? leaf, X509Chain? chain, SslPolicyErrors errors) => leaf is not null;
}
