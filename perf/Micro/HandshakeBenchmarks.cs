using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BenchmarkDotNet.Attributes;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.X509;

namespace Proxy.Micro;

/// <summary>
/// Where the time of a full handshake goes: two of each part are in one, for both ends prove themselves and verify the other.
/// </summary>
public class HandshakeBenchmarks
{
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(130); // what TLS 1.3 signs: RFC 8446 §4.4.3
    private TrustBundle? _bundle;
    private X509Svid? _svid;
    private ECDsa? _key;
    private SslStreamCertificateContext? _context;
    private byte[] _signature = [];

    [GlobalSetup]
    public void Setup()
    {
        using var authority = CertificateAuthority.Create(new TrustDomain("cluster.local"), TimeProvider.System);
        var issued = authority.Issue(SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/client"), TimeSpan.FromHours(1));
        Answers.Expect(X509Svid.TryParse([issued.Certificate], issued.PrivateKey.Span, out _svid, out _), "an SVID");
        Answers.Expect(TrustBundle.TryParse(authority.TrustDomain, authority.RootCertificate.Span, out _bundle, out _), "a bundle");
        _context = SslStreamCertificateContext.Create(_svid!.Certificate, null, offline: true); // once for each SVID, as in the daemon
        _key = _svid.Certificate.GetECDsaPrivateKey()!;
        _signature = Sign();
        Answers.Expect(VerifySignature(), "a signature");
        Answers.Expect(VerifyChain().IsValid, "a chain");
    }

    [Benchmark(Description = "sign, ECDSA P-256")]
    public byte[] Sign() => _key!.SignData(_content, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    [Benchmark(Description = "verify a signature, ECDSA P-256")]
    public bool VerifySignature() => _key!.VerifyData(_content, _signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    [Benchmark(Description = "verify a chain of two: load, build, SPIFFE's rules")]
    public SvidCheck VerifyChain()
    {
        using var leaf = X509CertificateLoader.LoadCertificate(_svid!.Certificate.RawDataMemory.Span);
        return SvidVerifier.Verify([leaf], _ => _bundle, TimeProvider.System.GetUtcNow());
    }

    [Benchmark(Description = "build a chain of two, and no more")]
    public bool BuildChain()
    {
        using var leaf = X509CertificateLoader.LoadCertificate(_svid!.Certificate.RawDataMemory.Span);
        using var chain = new X509Chain { ChainPolicy = _bundle!.CreateChainPolicy() };
        return chain.Build(leaf);
    }

    [Benchmark(Description = "the whole of it, both ends, SslStream, no kernel")]
    public async Task<SslProtocols> Handshake()
    {
        var (near, far) = MemoryLink.Create();
        await using var client = new SslStream(near);
        await using var server = new SslStream(far);
        await Task.WhenAll(client.AuthenticateAsClientAsync(ClientOptions()), server.AuthenticateAsServerAsync(ServerOptions()));
        return client.SslProtocol;
    }

    private SslClientAuthenticationOptions ClientOptions() => new()
    {
        TargetHost = "",
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        ClientCertificateContext = _context,
        CertificateChainPolicy = _bundle!.CreateChainPolicy(),
        RemoteCertificateValidationCallback = Check,
    };

    private SslServerAuthenticationOptions ServerOptions() => new()
    {
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        ClientCertificateRequired = true,
        ServerCertificateContext = _context,
        CertificateChainPolicy = _bundle!.CreateChainPolicy(),
        RemoteCertificateValidationCallback = Check,
    };

    private bool Check(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        SvidVerifier.Check(certificate as X509Certificate2, chain, _bundle, _svid!.Id, TimeProvider.System.GetUtcNow()).IsValid;
}
