using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.X509;

namespace Fuzz.Targets;

/// <summary>
/// The certificates that mutations begin with. They lie in the corpus, since a signature is another one each time it is
/// made, and findings must stay what they are; the keys follow from their names.
/// </summary>
internal static class TestCertificates
{
    public static readonly TrustDomain Domain = new("cluster.local");
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Corpus", "certificates");

    public static byte[] Root => Read("root");

    public static byte[] Intermediate => Read("intermediate");

    /// <summary>Signed by the root.</summary>
    public static byte[] Leaf => Read("leaf");

    /// <summary>Signed by the intermediate.</summary>
    public static byte[] LowerLeaf => Read("lower-leaf");

    public static byte[] LeafKey
    {
        get
        {
            using var key = KeyOf("leaf");
            return key.ExportPkcs8PrivateKey();
        }
    }

    public static TrustBundle Bundle => TrustBundle.TryParse(Domain, Root, out var bundle, out var error) ? bundle : throw new InvalidDataException(error);

    /// <summary>Makes them anew, into a folder.</summary>
    public static int Write(string folder)
    {
        var root = Sign("root", Authority("root"), null);
        var intermediate = Sign("intermediate", Authority("intermediate"), root);
        Save(folder, "root", root);
        Save(folder, "intermediate", intermediate);
        Save(folder, "leaf", Sign("leaf", Workload("leaf", root), root));
        Save(folder, "lower-leaf", Sign("lower-leaf", Workload("lower-leaf", intermediate), intermediate));
        return 0;
    }

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Folder, name + ".der"));

    private static void Save(string folder, string name, X509Certificate2 certificate) =>
        File.WriteAllBytes(Path.Combine(folder, name + ".der"), certificate.RawData);

    private static CertificateRequest Authority(string name)
    {
        var request = SvidRequest.ForAuthority(Domain, KeyOf(name));
        var constraints = request.CertificateExtensions.OfType<X509BasicConstraintsExtension>().Single();
        request.CertificateExtensions.Remove(constraints);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, name == "root" ? 1 : 0, true));
        return request;
    }

    private static CertificateRequest Workload(string name, X509Certificate2 issuer) =>
        SvidRequest.ForWorkload(SpiffeId.Parse($"spiffe://{Domain}/ns/default/sa/{name}"), KeyOf(name), issuer);

    private static X509Certificate2 Sign(string name, CertificateRequest request, X509Certificate2? issuer)
    {
        var (start, end) = (Now.AddYears(-1), Now.AddYears(50));
        if (issuer is null)
            return request.CreateSelfSigned(start, end);
        var signed = request.Create(issuer, start, end.AddDays(-1), SHA256.HashData(Encoding.UTF8.GetBytes(name))[..8]);
        return request.CertificateExtensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority)
            ? signed.CopyWithPrivateKey(KeyOf(name))
            : signed;
    }

    private static ECDsa KeyOf(string name)
    {
        var secret = SHA256.HashData(Encoding.UTF8.GetBytes("node-proxy fuzz " + name));
        return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = secret });
    }
}
