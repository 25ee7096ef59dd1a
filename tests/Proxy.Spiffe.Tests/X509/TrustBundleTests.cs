using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.X509;

public sealed class TrustBundleTests : IDisposable
{
    private static readonly TrustDomain Domain = new("td");

    private readonly TestAuthority _root = new();
    private readonly TestAuthority _next = new("CN=next");

    public void Dispose()
    {
        _root.Dispose();
        _next.Dispose();
    }

    [Fact]
    public void Pem_may_hold_several_certificates_and_text_between_them()
    {
        var pem = $"of this year\n{Pem(_root)}\nof the next\n{Pem(_next)}\n";

        Assert.True(TrustBundle.TryParsePem(Domain, pem, out var bundle, out var error), error);
        Assert.Equal([_root.Certificate.Thumbprint, _next.Certificate.Thumbprint], bundle.Roots.Select(root => root.Thumbprint));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nothing")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")]
    public void Pem_without_a_good_certificate_is_refused(string pem) =>
        Assert.False(TrustBundle.TryParsePem(Domain, pem, out _, out _));

    [Fact]
    public void Pem_with_a_key_in_it_is_refused_and_the_key_is_not_told()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var secret = key.ExportPkcs8PrivateKeyPem();

        Assert.False(TrustBundle.TryParsePem(Domain, Pem(_root) + "\n" + secret, out _, out var error));
        Assert.Equal("Block 2 of the PEM text is not a certificate.", error);
    }

    [Fact]
    public void Pem_that_ends_within_a_block_is_refused()
    {
        var pem = Pem(_root) + "\n" + Pem(_next);

        Assert.False(TrustBundle.TryParsePem(Domain, pem.AsSpan(0, pem.Length - 10), out _, out var error));
        Assert.Equal("The PEM text ends within a block.", error);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Der_certificates_follow_each_other_directly(int count)
    {
        var der = new[] { _root, _next }.Take(count).SelectMany(authority => authority.Certificate.RawData).ToArray();

        Assert.True(TrustBundle.TryParse(Domain, der, out var bundle, out _));
        Assert.Equal(count, bundle.Roots.Count);
        Assert.False(TrustBundle.TryParse(Domain, [.. der, 0], out _, out _));
        Assert.Equal(count == 0, TrustBundle.TryParse(Domain, der.AsSpan(0, Math.Max(0, der.Length - 1)), out _, out _));
    }

    [Fact]
    public void A_root_anchors_for_as_long_as_it_is_in_the_bundle()
    {
        var both = new TrustBundle(Domain, [_next.Certificate, _root.Certificate]);

        Assert.True(both.StillAnchors(_root.Certificate, TestAuthority.Now));
        Assert.False(_next.BundleOf("td").StillAnchors(_root.Certificate, TestAuthority.Now));
        Assert.False(new TrustBundle(Domain, []).StillAnchors(_root.Certificate, TestAuthority.Now));
    }

    [Fact]
    public void A_root_that_was_renewed_with_its_key_anchors_and_one_that_only_has_its_name_or_key_does_not()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var former = SelfSign("CN=a", key, 1);

        Assert.True(Anchors(SelfSign("CN=a", key, 2)));
        Assert.False(Anchors(SelfSign("CN=b", key, 1)));
        Assert.False(Anchors(SelfSign("CN=a", other, 1)));

        bool Anchors(X509Certificate2 root) => new TrustBundle(Domain, [root]).StillAnchors(former, TestAuthority.Now);
    }

    [Fact]
    public void A_root_that_left_because_it_had_expired_was_not_taken_back()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var former = SelfSign("CN=a", key, 1);
        var bundle = _next.BundleOf("td");

        Assert.False(bundle.StillAnchors(former, TestAuthority.Now.AddHours(1).AddTicks(-1)));
        Assert.True(bundle.StillAnchors(former, TestAuthority.Now.AddHours(1)));
    }

    private static X509Certificate2 SelfSign(string name, ECDsa key, int hours) =>
        new CertificateRequest(name, key, HashAlgorithmName.SHA256).CreateSelfSigned(TestAuthority.Now.AddHours(-1), TestAuthority.Now.AddHours(hours));

    private static string Pem(TestAuthority authority) => authority.Certificate.ExportCertificatePem();
}
