using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.X509;

public sealed class SvidVerifierTests : IDisposable
{
    private static readonly DateTimeOffset Now = TestAuthority.Now;
    private static readonly SpiffeId Alice = SpiffeId.Parse("spiffe://td/alice");

    private readonly TestAuthority _root = new();
    private readonly TestAuthority _other = new("CN=other");

    public static TheoryData<string, SvidFault> Forms => new()
    {
        { "good", SvidFault.None },
        { "no uri", SvidFault.NoUriSan },
        { "two uris", SvidFault.SeveralUriSans },
        { "spiffe and web uri", SvidFault.SeveralUriSans },
        { "web uri", SvidFault.BadSpiffeId },
        { "upper case", SvidFault.BadSpiffeId },
        { "root path", SvidFault.RootPath },
        { "authority", SvidFault.CaLeaf },
        { "signs certificates", SvidFault.BadKeyUsage },
        { "signs lists", SvidFault.BadKeyUsage },
        { "no digital signature", SvidFault.BadKeyUsage },
        { "no key usage", SvidFault.BadKeyUsage },
        { "server only", SvidFault.BadExtendedKeyUsage },
        { "client only", SvidFault.BadExtendedKeyUsage },
        { "no extended key usage", SvidFault.None },
        { "expired", SvidFault.Expired },
        { "future", SvidFault.NotYetValid },
        { "unreadable name", SvidFault.Malformed },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Each_fault_of_a_leaf_has_its_own_name(string form, SvidFault expected)
    {
        var leaf = _root.Issue(Leaf(form));
        Assert.Equal(expected, Verify([leaf]).Fault);
        Assert.Equal(expected, Check(leaf, _root.BundleOf("td"), Alice).Fault);
    }

    [Fact]
    public void A_second_name_extension_is_malformed()
    {
        // Nobody signs two, so the name of another extension is rewritten; the form is judged before the signature.
        var issuerName = new X509Extension("2.5.29.18", [0x30, 0x00], false);
        var der = _root.Issue(new TestLeaf("spiffe://td/alice") { Others = [issuerName] }).RawData;
        der[der.AsSpan().IndexOf<byte>([0x55, 0x1D, 0x12]) + 2] = 0x11;
        Assert.Equal(SvidFault.Malformed, Verify([X509CertificateLoader.LoadCertificate(der)]).Fault);
    }

    [Fact]
    public void A_validity_that_is_no_time_is_malformed()
    {
        using var leaf = X509CertificateLoader.LoadCertificate(X509SvidTests.WithMonth13(_root.Issue(new TestLeaf("spiffe://td/alice")).RawData));
        Assert.Equal(SvidFault.Malformed, Verify([leaf]).Fault);
        Assert.Equal(SvidFault.Malformed, Check(leaf, _root.BundleOf("td"), Alice).Fault);
    }

    [Fact]
    public void Nothing_presented_is_no_certificate()
    {
        Assert.Equal(SvidFault.NoCertificate, Verify([]).Fault);
        Assert.Equal(SvidFault.NoCertificate, SvidVerifier.Check(null, null, null, Alice, Now).Fault);
    }

    [Fact]
    public void A_valid_SVID_gives_its_ID()
    {
        var check = Verify([_root.Issue(new TestLeaf("spiffe://td/alice"))]);
        Assert.True(check.IsValid);
        Assert.Equal((Alice, ""), (check.Id, check.Detail));
    }

    [Fact]
    public void Another_root_is_not_trusted() =>
        Assert.Equal(SvidFault.Untrusted, Verify([_other.Issue(new TestLeaf("spiffe://td/alice"))]).Fault);

    [Fact]
    public void Another_root_is_not_trusted_even_if_expired() =>
        Assert.Equal(SvidFault.Untrusted, Verify([_other.Issue(Leaf("expired"))]).Fault);

    [Fact]
    public void A_trust_domain_without_bundle_is_told_apart() =>
        Assert.Equal(SvidFault.NoBundle, Verify([_root.Issue(new TestLeaf("spiffe://elsewhere/alice"))]).Fault);

    [Fact]
    public void A_root_of_another_trust_domain_cannot_mint_our_IDs()
    {
        var leaf = _other.Issue(new TestLeaf("spiffe://td/alice"));
        var check = SvidVerifier.Verify([leaf], domain => domain.Name == "td" ? _root.BundleOf("td") : _other.BundleOf("other"), Now);
        Assert.Equal(SvidFault.Untrusted, check.Fault);
        Assert.Equal(SvidFault.Untrusted, Check(leaf, _other.BundleOf("other"), Alice).Fault);
    }

    [Fact]
    public void A_bundle_without_roots_trusts_nobody()
    {
        var leaf = _root.Issue(new TestLeaf("spiffe://td/alice"));
        var empty = new TrustBundle(new TrustDomain("td"), []);
        Assert.Equal(SvidFault.Untrusted, SvidVerifier.Verify([leaf], _ => empty, Now).Fault);
        Assert.Equal(SvidFault.Untrusted, Check(leaf, empty, Alice).Fault);
    }

    [Fact]
    public void Another_workload_is_unexpected_after_all_other_checks()
    {
        var bob = SpiffeId.Parse("spiffe://td/bob");
        var check = Check(_root.Issue(new TestLeaf("spiffe://td/alice")), _root.BundleOf("td"), bob);
        Assert.Equal((SvidFault.UnexpectedId, Alice), (check.Fault, check.Id));
        Assert.Equal(SvidFault.Expired, Check(_root.Issue(Leaf("expired")), _root.BundleOf("td"), bob).Fault);
        Assert.Equal(SvidFault.Untrusted, Check(_other.Issue(new TestLeaf("spiffe://td/alice")), _root.BundleOf("td"), bob).Fault);
    }

    [Fact]
    public void A_missing_bundle_or_chain_is_refused()
    {
        var leaf = _root.Issue(new TestLeaf("spiffe://td/alice"));
        using var unbuilt = new X509Chain();
        Assert.Equal(SvidFault.NoBundle, SvidVerifier.Check(leaf, unbuilt, null, Alice, Now).Fault);
        Assert.Equal(SvidFault.Untrusted, SvidVerifier.Check(leaf, null, _root.BundleOf("td"), Alice, Now).Fault);
        Assert.Equal(SvidFault.Untrusted, SvidVerifier.Check(leaf, unbuilt, _root.BundleOf("td"), Alice, Now).Fault);
    }

    [Fact]
    public void Intermediates_are_taken_in_any_order_and_must_all_be_there()
    {
        using var first = new TestAuthority("CN=first", _root);
        using var second = new TestAuthority("CN=second", first);
        var leaf = second.Issue(new TestLeaf("spiffe://td/alice"));
        Assert.True(Verify([leaf, second.Certificate, first.Certificate]).IsValid);
        Assert.True(Verify([leaf, first.Certificate, second.Certificate]).IsValid);
        Assert.Equal(SvidFault.Untrusted, Verify([leaf, first.Certificate]).Fault);
        Assert.Equal(SvidFault.Untrusted, Verify([leaf]).Fault);
    }

    [Fact]
    public void An_expired_intermediate_is_expiry_not_distrust()
    {
        using var old = new TestAuthority("CN=old", _root, Now.AddDays(-1));
        var leaf = old.Issue(new TestLeaf("spiffe://td/alice"));
        Assert.Equal(SvidFault.Expired, Verify([leaf, old.Certificate]).Fault);
    }

    [Fact]
    public void The_leaf_is_the_first_certificate_whatever_follows()
    {
        // The peer has proven the key of the first only; another workload's public certificate adds nothing.
        var mallory = _root.Issue(new TestLeaf("spiffe://td/mallory"));
        var alice = _root.Issue(new TestLeaf("spiffe://td/alice"));
        Assert.Equal("spiffe://td/mallory", Verify([mallory, alice]).Id?.ToString());
    }

    [Fact]
    public void A_workload_cannot_sign_for_another()
    {
        using var mallory = new TestAuthority("O=test", _root);
        var key = System.Security.Cryptography.ECDsa.Create();
        var signing = _root.Issue(new TestLeaf("spiffe://td/mallory"), key);
        var request = new CertificateRequest("O=forged", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        foreach (var extension in new TestLeaf("spiffe://td/alice").CreateExtensions())
            request.CertificateExtensions.Add(extension);
        var forged = request.Create(
            signing.SubjectName, X509SignatureGenerator.CreateForECDsa(key), Now.AddMinutes(-1), Now.AddHours(1), [1, 2, 3]);
        Assert.Equal(SvidFault.Untrusted, Verify([forged, signing]).Fault);
    }

    [Fact]
    public void A_root_itself_is_nobody()
    {
        var self = _root.Certificate;
        Assert.NotEqual(SvidFault.None, Verify([self]).Fault);
    }

    [Fact]
    public void A_changed_certificate_is_never_accepted_and_never_throws()
    {
        var good = _root.Issue(new TestLeaf("spiffe://td/alice")).RawData;
        var random = new Random(1);
        for (var i = 0; i < 3000; i++)
        {
            var der = (byte[])good.Clone();
            der[random.Next(der.Length)] ^= (byte)random.Next(1, 256);
            if (DerSequence.TryLoad(der, out var changed))
                Assert.False(Verify([changed]).IsValid);
        }
    }

    public void Dispose()
    {
        _root.Dispose();
        _other.Dispose();
    }

    private SvidCheck Verify(IReadOnlyList<X509Certificate2> presented) =>
        SvidVerifier.Verify(presented, domain => domain.Name == "td" ? _root.BundleOf("td") : null, Now);

    private static SvidCheck Check(X509Certificate2 leaf, TrustBundle bundle, SpiffeId expected)
    {
        using var chain = new X509Chain { ChainPolicy = bundle.CreateChainPolicy(Now) };
        chain.Build(leaf);
        return SvidVerifier.Check(leaf, chain, bundle, expected, Now);
    }

    internal static TestLeaf Leaf(string form)
    {
        var good = new TestLeaf("spiffe://td/alice");
        return form switch
        {
            "good" => good,
            "no uri" => new TestLeaf(),
            "two uris" => new TestLeaf("spiffe://td/alice", "spiffe://td/bob"),
            "spiffe and web uri" => new TestLeaf("spiffe://td/alice", "https://a.example/"),
            "web uri" => new TestLeaf("https://a.example/"),
            "upper case" => new TestLeaf("spiffe://TD/alice"),
            "root path" => new TestLeaf("spiffe://td"),
            "authority" => good with { IsAuthority = true },
            "signs certificates" => good with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign },
            "signs lists" => good with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.CrlSign },
            "no digital signature" => good with { KeyUsage = X509KeyUsageFlags.KeyEncipherment },
            "no key usage" => good with { KeyUsage = null },
            "server only" => good with { ExtendedKeyUsage = ["1.3.6.1.5.5.7.3.1"] },
            "client only" => good with { ExtendedKeyUsage = ["1.3.6.1.5.5.7.3.2"] },
            "no extended key usage" => good with { ExtendedKeyUsage = null },
            "expired" => good with { NotBefore = Now.AddHours(-2), NotAfter = Now.AddHours(-1) },
            "future" => good with { NotBefore = Now.AddHours(1), NotAfter = Now.AddHours(2) },
            "unreadable name" => good with { Others = [new X509Extension("2.5.29.17", [0x30, 0x05, 0x86], false)] },
            _ => throw new ArgumentOutOfRangeException(nameof(form)),
        };
    }
}
