using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.X509;

public sealed class X509SvidTests : IDisposable
{
    private readonly TestAuthority _root = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Fact]
    public void An_SVID_carries_its_key_and_its_validity()
    {
        var leaf = _root.Issue(new TestLeaf("spiffe://td/alice"), _key);
        Assert.True(X509Svid.TryParse([leaf.RawData, _root.Certificate.RawData], _key.ExportPkcs8PrivateKey(), out var svid, out _));
        Assert.Equal("spiffe://td/alice", svid.Id.ToString());
        Assert.True(svid.Certificate.HasPrivateKey);
        Assert.Single(svid.Intermediates);
        Assert.Equal((leaf.SerialNumber, TestAuthority.Now.AddHours(1)), (svid.Serial, svid.ExpiresAt));
        Assert.True(svid.IsValidAt(TestAuthority.Now));
        Assert.False(svid.IsValidAt(svid.ExpiresAt));
        Assert.False(svid.IsValidAt(svid.NotBefore.AddTicks(-1)));
    }

    [Fact]
    public void An_RSA_key_is_taken()
    {
        using var rsa = RSA.Create(2048);
        var leaf = _root.Issue(new TestLeaf("spiffe://td/alice"), rsa);
        Assert.True(X509Svid.TryParse([leaf.RawData], rsa.ExportPkcs8PrivateKey(), out var svid, out _));
        Assert.True(svid.Certificate.HasPrivateKey);
    }

    [Fact]
    public void A_key_need_not_carry_its_public_half()
    {
        var leaf = _root.Issue(new TestLeaf("spiffe://td/alice"), _key);
        Assert.True(X509Svid.TryParse([leaf.RawData], WithoutPublicHalf(_key), out var svid, out var error), error);
        using var key = svid.Certificate.GetECDsaPrivateKey()!;
        Assert.True(_key.VerifyHash(new byte[32], key.SignHash(new byte[32])));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Refuse([leaf.RawData], WithoutPublicHalf(other));
    }

    // RFC 5915: the public key is optional, and Java leaves it out.
    private static byte[] WithoutPublicHalf(ECDsa key)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.10045.2.1");
                writer.WriteObjectIdentifier("1.2.840.10045.3.1.7");
            }

            using (writer.PushOctetString())
            using (writer.PushSequence())
            {
                writer.WriteInteger(1);
                writer.WriteOctetString(key.ExportParameters(true).D);
            }
        }

        return writer.Encode();
    }

    /// <summary>Its validity ends in a month that no year has.</summary>
    internal static byte[] WithMonth13(byte[] der)
    {
        var end = der.AsSpan().LastIndexOf("00Z"u8) - 10;
        "13"u8.CopyTo(der.AsSpan(end + 2));
        return der;
    }

    [Theory]
    [InlineData("no uri")]
    [InlineData("two uris")]
    [InlineData("root path")]
    [InlineData("authority")]
    [InlineData("signs certificates")]
    [InlineData("no digital signature")]
    public void A_leaf_of_the_wrong_form_is_refused(string form) =>
        Refuse([_root.Issue(SvidVerifierTests.Leaf(form), _key).RawData], _key.ExportPkcs8PrivateKey());

    [Fact]
    public void A_certificate_whose_end_is_no_time_is_refused()
    {
        // The system's loader takes it, and throws when somebody asks for the time.
        Refuse([WithMonth13(_root.Issue(new TestLeaf("spiffe://td/alice"), _key).RawData)], _key.ExportPkcs8PrivateKey());
        Assert.False(TrustBundle.TryParse(new TrustDomain("td"), WithMonth13(_root.Certificate.RawData), out _, out _));
    }

    [Fact]
    public void What_is_not_an_SVID_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var leaf = _root.Issue(new TestLeaf("spiffe://td/alice"), _key).RawData;
        var key = _key.ExportPkcs8PrivateKey();
        Refuse([], key);
        Refuse([new byte[] { 1, 2, 3 }], key);
        Refuse([(byte[])[.. leaf, 0]], key);
        Refuse([leaf, leaf], key);
        Refuse([leaf], []);
        Refuse([leaf], other.ExportPkcs8PrivateKey());
        Refuse([leaf], rsa.ExportPkcs8PrivateKey());
        Refuse([leaf], [.. key, 0]);
        Refuse([leaf], _key.ExportEncryptedPkcs8PrivateKey("x", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1)));
    }

    [Fact]
    public void A_bundle_is_concatenated_DER()
    {
        using var second = new TestAuthority("CN=second");
        var domain = new TrustDomain("td");
        byte[] both = [.. _root.Certificate.RawData, .. second.Certificate.RawData];
        Assert.True(TrustBundle.TryParse(domain, both, out var bundle, out _));
        Assert.Equal(2, bundle.Roots.Count);
        Assert.True(TrustBundle.TryParse(domain, [], out var empty, out _));
        Assert.Empty(empty.Roots);
        Assert.False(TrustBundle.TryParse(domain, both.AsSpan(0, both.Length - 1), out _, out var error));
        Assert.NotEmpty(error);
        Assert.False(TrustBundle.TryParse(domain, [.. both, 0], out _, out _));
        Assert.True(bundle.HasSameContent(bundle));
        Assert.False(bundle.HasSameContent(empty));
    }

    public void Dispose()
    {
        _key.Dispose();
        _root.Dispose();
    }

    private static void Refuse(ReadOnlyMemory<byte>[] chain, byte[] key)
    {
        Assert.False(X509Svid.TryParse(chain, key, out var svid, out var error));
        Assert.Null(svid);
        Assert.NotEmpty(error);
        if (key.Length > 0)
        {
            Assert.DoesNotContain(Convert.ToBase64String(key)[..24], error, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToHexString(key)[..24], error, StringComparison.OrdinalIgnoreCase);
        }
    }
}
