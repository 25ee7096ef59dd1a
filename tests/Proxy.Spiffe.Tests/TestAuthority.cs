using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests;

/// <summary>Makes right and wrong certificates; unlike the product's authority it signs whatever it is asked to.</summary>
internal sealed class TestAuthority : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestAuthority(string subject = "CN=root", TestAuthority? parent = null, DateTimeOffset? notAfter = null)
    {
        Parent = parent;
        var request = new CertificateRequest(subject, _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var (start, end) = (Now.AddDays(-30), notAfter ?? Now.AddDays(3650));
        Certificate = parent is null ? request.CreateSelfSigned(start, end) : parent.Sign(request, start, end);
    }

    public X509Certificate2 Certificate { get; }

    public TestAuthority? Parent { get; }

    public TrustBundle BundleOf(string domain) => new(new TrustDomain(domain), [WithoutKey(Certificate)]);

    public X509Certificate2 Issue(TestLeaf leaf)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Issue(leaf, key);
    }

    public X509Certificate2 Issue(TestLeaf leaf, AsymmetricAlgorithm key)
    {
        var request = key is ECDsa ec
            ? new CertificateRequest("O=test", ec, HashAlgorithmName.SHA256)
            : new CertificateRequest("O=test", (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        foreach (var extension in leaf.CreateExtensions())
            request.CertificateExtensions.Add(extension);
        return Sign(request, leaf.NotBefore, leaf.NotAfter);
    }

    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset start, DateTimeOffset end) => request.Create(
        Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), start, end, RandomNumberGenerator.GetBytes(8));

    private static X509Certificate2 WithoutKey(X509Certificate2 certificate) =>
        X509CertificateLoader.LoadCertificate(certificate.RawData);
}

/// <summary>A leaf that is right by default.</summary>
internal sealed record TestLeaf(params string[] Uris)
{
    public DateTimeOffset NotBefore { get; init; } = TestAuthority.Now.AddMinutes(-1);

    public DateTimeOffset NotAfter { get; init; } = TestAuthority.Now.AddHours(1);

    public bool IsAuthority { get; init; }

    public X509KeyUsageFlags? KeyUsage { get; init; } = X509KeyUsageFlags.DigitalSignature;

    public string[]? ExtendedKeyUsage { get; init; } = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

    public X509Extension[] Others { get; init; } = [];

    /// <summary>The others take the place of an extension with the same name.</summary>
    public IEnumerable<X509Extension> CreateExtensions() =>
        Others.Concat(CreateUsual()).DistinctBy(extension => extension.Oid!.Value);

    private IEnumerable<X509Extension> CreateUsual()
    {
        yield return new X509BasicConstraintsExtension(IsAuthority, false, 0, true);
        if (KeyUsage is { } usage)
            yield return new X509KeyUsageExtension(usage, true);
        if (ExtendedKeyUsage is { } oids)
            yield return new X509EnhancedKeyUsageExtension([.. oids.Select(oid => new Oid(oid))], false);
        yield return CreateName();
    }

    private X509Extension CreateName()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, "a.example", new Asn1Tag(TagClass.ContextSpecific, 2));
            foreach (var uri in Uris)
                writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
        }

        return new X509Extension("2.5.29.17", writer.Encode(), false);
    }
}
