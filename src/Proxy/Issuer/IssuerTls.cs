using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.X509;

namespace Proxy.Issuer;

/// <summary>TLS in the issuer's own name: an SVID that is made anew in time, and the check of who calls.</summary>
internal sealed class IssuerTls(IssuerOptions options, RotatingAuthority authority, TimeProvider time)
{
    private readonly Lock _lock = new();
    private X509Svid? _svid;
    private IssuedSvid? _issued;

    /// <summary>For the bundle endpoint: nobody has to show a certificate.</summary>
    public SslServerAuthenticationOptions ForAnybody() => new()
    {
        ServerCertificateContext = Context(),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        ClientCertificateRequired = false,
    };

    /// <summary>For the Broker API: only brokers come in.</summary>
    public SslServerAuthenticationOptions ForBrokers()
    {
        var server = ForAnybody();
        server.ApplicationProtocols = [SslApplicationProtocol.Http2];
        server.ClientCertificateRequired = true;
        server.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        server.CertificateChainPolicy = authority.Bundle.CreateChainPolicy();
        server.RemoteCertificateValidationCallback = (_, certificate, chain, _) => IsBroker(certificate as X509Certificate2, chain);
        return server;
    }

    private bool IsBroker(X509Certificate2? leaf, X509Chain? chain)
    {
        if (leaf is null)
            return false;
        X509Certificate2[] presented = [leaf, .. chain?.ChainPolicy.ExtraStore ?? []];
        var check = SvidVerifier.Verify(presented, domain => domain == authority.TrustDomain ? authority.Bundle : null, time.GetUtcNow());
        return check.IsValid && options.Brokers.Any(broker => broker.Accepts(check.Id!));
    }

    private SslStreamCertificateContext Context()
    {
        lock (_lock)
        {
            if (_issued?.IsFreshAt(time.GetUtcNow()) != true)
                Renew();
            return SslStreamCertificateContext.Create(_svid!.Certificate, null, offline: true);
        }
    }

    private void Renew()
    {
        var issued = authority.Issue(options.OwnId, options.SvidLifetime);
        if (!X509Svid.TryParse([issued.Certificate], issued.PrivateKey.Span, out var svid, out var error))
            throw new InvalidOperationException($"The issuer's own SVID is none: {error}");
        (_svid, _issued) = (svid, issued);
    }
}
