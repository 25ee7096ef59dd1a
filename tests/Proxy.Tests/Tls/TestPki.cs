using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Engine;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.X509;
using Proxy.Tests.Engine;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

/// <summary>An authority of the product's issuer, its SVIDs, and leaves with its signature that the issuer would never make.</summary>
internal sealed class TestPki : IDisposable
{
    public static readonly TrustDomain Domain = new("cluster.local");
    public static readonly SpiffeId ClientId = SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/client");
    public static readonly SpiffeId ServerId = SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/server");

    private readonly CertificateAuthority _authority;

    /// <param name="engine">Who speaks TLS for the legs; what they get is the same.</param>
    /// <param name="domain">The trust domain, if it is another one.</param>
    public TestPki(TlsEngine engine = TlsEngine.LibSsl, TrustDomain? domain = null)
    {
        Engine = engine;
        domain ??= Domain;
        _authority = CertificateAuthority.Create(domain, TimeProvider.System);
        Assert.True(TrustBundle.TryParse(domain, _authority.RootCertificate.Span, out var bundle, out _));
        Bundle = bundle;
        Client = Issue(SpiffeId.Parse($"{domain.Id}{ClientId.Path}"));
        Server = Issue(SpiffeId.Parse($"{domain.Id}{ServerId.Path}"));
    }

    public TlsEngine Engine { get; }

    public TrustBundle Bundle { get; }

    public X509Svid Client { get; }

    public X509Svid Server { get; }

    public X509Svid Issue(SpiffeId id, TimeSpan? lifetime = null)
    {
        var issued = _authority.Issue(id, lifetime ?? TimeSpan.FromHours(1));
        Assert.True(X509Svid.TryParse([issued.Certificate], issued.PrivateKey.Span, out var svid, out var error), error);
        return svid;
    }

    /// <summary>A leaf by this authority with any names, validity and further extensions.</summary>
    public X509Certificate2 Forge(string[] uris, TimeSpan? from = null, TimeSpan? until = null, params X509Extension[] others)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = X509Certificate2.CreateFromPem(_authority.ExportCertificatePem(), _authority.ExportKeyPem());
        var request = SvidRequest.ForWorkload(ClientId, key, authority);
        request.CertificateExtensions.Remove(request.CertificateExtensions.First(extension => extension.Oid!.Value == "2.5.29.17"));
        request.CertificateExtensions.Add(NameOf(uris));
        Array.ForEach(others, request.CertificateExtensions.Add);
        var now = TimeProvider.System.GetUtcNow();
        using var key2 = authority.GetECDsaPrivateKey()!;
        using var leaf = request.Create(authority.SubjectName, X509SignatureGenerator.CreateForECDsa(key2),
            now + (from ?? TimeSpan.FromSeconds(-20)), now + (until ?? TimeSpan.FromHours(1)), RandomNumberGenerator.GetBytes(8));
        return leaf.CopyWithPrivateKey(key);
    }

    public PeerVerifier VerifierOf(SpiffeId expected) => new(Bundle, expected, TimeProvider.System);

    /// <summary>The leg becomes the server of a TLS client.</summary>
    public async Task<TlsLeg> SecureAsClientOfAsync(TestWorker worker, PlainLeg transport, Peer peer)
    {
        var leg = Engine.Secure(transport);
        var handshake = AcceptAsync(worker, leg, ClientId);
        await Patience.OnThread(() => peer.StartClientTls(ClientOptions(Client.Certificate)));
        Assert.Equal(new HandshakeResult(null, ""), await handshake);
        return leg;
    }

    /// <summary>The leg becomes the client of a TLS server.</summary>
    public async Task<TlsLeg> SecureAsServerOfAsync(TestWorker worker, PlainLeg transport, Peer peer)
    {
        var leg = Engine.Secure(transport);
        var handshake = ConnectAsync(worker, leg, ServerId);
        await Patience.OnThread(() => peer.StartServerTls(ServerOptions(Server.Certificate)));
        Assert.Equal(new HandshakeResult(null, ""), await handshake);
        return leg;
    }

    public Task<HandshakeResult> AcceptAsync(TestWorker worker, TlsLeg leg, SpiffeId expected, TimeSpan? limit = null)
    {
        var verifier = VerifierOf(expected);
        return worker.RunAsync(() => Handshake.RunAsync(worker.Worker, leg, worker.Worker.Handshakes.Of(default), limit ?? Patience.Limit, verifier,
            () => leg.AuthenticateAsServerAsync(Server, verifier)));
    }

    public Task<HandshakeResult> ConnectAsync(TestWorker worker, TlsLeg leg, SpiffeId expected, TimeSpan? limit = null)
    {
        var verifier = VerifierOf(expected);
        return worker.RunAsync(() => Handshake.RunAsync(worker.Worker, leg, worker.Worker.Handshakes.Of(default), limit ?? Patience.Limit, verifier,
            () => leg.AuthenticateAsClientAsync(Client, verifier)));
    }

    /// <summary>A TLS client that believes anybody and shows this certificate.</summary>
    public static SslClientAuthenticationOptions ClientOptions(X509Certificate2? certificate, SslProtocols protocols = SslProtocols.Tls13) => new()
    {
        TargetHost = "",
        EnabledSslProtocols = protocols,
        ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
#pragma warning disable CA5359 // the peer of a test has nothing to protect
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
    };

    public static SslServerAuthenticationOptions ServerOptions(X509Certificate2 certificate) => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
#pragma warning disable CA5359 // the peer of a test has nothing to protect
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
    };

    public void Dispose() => _authority.Dispose();

    private static X509Extension NameOf(string[] uris)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, "a.example", new Asn1Tag(TagClass.ContextSpecific, 2));
            foreach (var uri in uris)
                writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
        }

        return new X509Extension("2.5.29.17", writer.Encode(), false);
    }
}
