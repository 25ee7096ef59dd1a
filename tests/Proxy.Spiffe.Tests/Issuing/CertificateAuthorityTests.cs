using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.Issuing;

public sealed class CertificateAuthorityTests : IDisposable
{
    private static readonly TrustDomain Domain = new("td");
    private static readonly SpiffeId Alice = SpiffeId.Parse("spiffe://td/alice");

    private readonly FakeTimeProvider _time = new(TestAuthority.Now);
    private readonly CertificateAuthority _authority;

    public CertificateAuthorityTests() => _authority = CertificateAuthority.Create(Domain, _time);

    [Fact]
    public void What_it_issues_is_an_SVID_that_its_bundle_verifies()
    {
        var issued = _authority.Issue(Alice, TimeSpan.FromHours(1));
        Assert.True(X509Svid.TryParse([issued.Certificate], issued.PrivateKey.Span, out var svid, out _));
        Assert.True(TrustBundle.TryParse(Domain, _authority.RootCertificate.Span, out var bundle, out _));
        Assert.Equal(Alice, SvidVerifier.Verify([svid.Certificate], _ => bundle, TestAuthority.Now).Id);
        Assert.True(SvidVerifier.Verify([svid.Certificate], _ => bundle, TestAuthority.Now).IsValid);
        Assert.Equal(TestAuthority.Now.AddSeconds(-30), svid.NotBefore);
        Assert.Equal(TestAuthority.Now.AddHours(1), svid.ExpiresAt);
        Assert.Equal(TestAuthority.Now.AddMinutes(30), issued.RotatesAt);
    }

    [Fact]
    public void An_SVID_has_the_extensions_of_the_standard()
    {
        using var leaf = X509CertificateLoader.LoadCertificate(_authority.Issue(Alice, TimeSpan.FromHours(1)).Certificate.Span);
        var usage = Assert.Single(leaf.Extensions.OfType<X509KeyUsageExtension>());
        Assert.Equal((X509KeyUsageFlags.DigitalSignature, true), (usage.KeyUsages, usage.Critical));
        Assert.False(Assert.Single(leaf.Extensions.OfType<X509BasicConstraintsExtension>()).CertificateAuthority);
        Assert.Equal(2, Assert.Single(leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>()).EnhancedKeyUsages.Count);
        Assert.Single(leaf.Extensions.OfType<X509SubjectKeyIdentifierExtension>());
        Assert.Single(leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>());
    }

    [Fact]
    public void Every_SVID_has_its_own_serial_and_key()
    {
        var issued = Enumerable.Range(0, 8).Select(_ => _authority.Issue(Alice, TimeSpan.FromHours(1))).ToArray();
        Assert.Equal(8, issued.Select(svid => X509CertificateLoader.LoadCertificate(svid.Certificate.Span).SerialNumber).Distinct().Count());
        Assert.Equal(8, issued.Select(svid => Convert.ToHexString(svid.PrivateKey.Span)).Distinct().Count());
    }

    [Fact]
    public void No_SVID_outlives_the_authority()
    {
        var issued = _authority.Issue(Alice, TimeSpan.FromDays(36500));
        Assert.Equal(_authority.ExpiresAt, issued.ExpiresAt);
    }

    [Theory]
    [InlineData("spiffe://other/alice")]
    [InlineData("spiffe://td")]
    public void It_signs_only_workloads_of_its_trust_domain(string id) =>
        Assert.Throws<ArgumentException>(() => _authority.Issue(SpiffeId.Parse(id), TimeSpan.FromHours(1)));

    [Theory]
    [InlineData("k8s:ns:default", true)]
    [InlineData("k8s:ns:default k8s:sa:a", true)]
    [InlineData("k8s:ns:default k8s:sa:b", false)]
    public void An_entry_matches_when_all_its_selectors_are_known(string selectors, bool matches)
    {
        var entry = new RegistrationEntry(Alice, selectors.Split(' ').Select(Read));
        Assert.Equal(matches, entry.Matches(new HashSet<Selector> { Read("k8s:ns:default"), Read("k8s:sa:a"), Read("k8s:pod-name:x") }));
    }

    [Fact]
    public void An_entry_without_selectors_is_refused() =>
        Assert.Throws<ArgumentException>(() => new RegistrationEntry(Alice, []));

    [Theory]
    [InlineData("")]
    [InlineData("k8s")]
    [InlineData("k8s:")]
    [InlineData(":ns")]
    public void A_selector_has_a_type_and_a_value(string text) => Assert.False(Selector.TryParse(text, out _));

    public void Dispose() => _authority.Dispose();

    private static Selector Read(string text) => Selector.TryParse(text, out var selector) ? selector : throw new FormatException(text);
}
