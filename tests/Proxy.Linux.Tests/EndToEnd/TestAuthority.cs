using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Signs certificates, right and wrong ones, with the issuer's own key or with a stranger's.</summary>
internal sealed class TestAuthority(X509Certificate2 authority, string directory)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The issuer's authority, out of the PEM files of its state directory.</summary>
    public static TestAuthority OfIssuer(string state, string directory)
    {
        var texts = Directory.EnumerateFiles(state, "*.pem", SearchOption.AllDirectories).Select(File.ReadAllText).ToList();
        var certificate = texts.First(text => text.Contains("BEGIN CERTIFICATE", StringComparison.Ordinal));
        var key = texts.First(text => text.Contains("PRIVATE KEY", StringComparison.Ordinal));
        return new(X509Certificate2.CreateFromPem(certificate, key), directory);
    }

    public static TestAuthority Stranger(string directory)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=stranger", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(UriNames("spiffe://cluster.local"));
        var now = TimeProvider.System.GetUtcNow();
        return new(request.CreateSelfSigned(now.AddDays(-2), now.AddDays(2)), directory);
    }

    /// <summary>Writes the authority's certificate, as openssl wants it.</summary>
    public string WriteAuthority()
    {
        var path = Path.Combine(directory, $"authority-{Guid.NewGuid():N}.pem");
        File.WriteAllText(path, authority.ExportCertificatePem());
        return path;
    }

    /// <summary>Signs a leaf and writes it with its key into one file.</summary>
    public string Issue(params string[] uris) => Issue(TimeSpan.FromHours(1), [], uris);

    public string IssueExpired(string uri) => Issue(TimeSpan.FromMinutes(-10), [], uri);

    /// <summary>A leaf that asks its verifier to fetch its issuer and a revocation list from the given place.</summary>
    public string IssueWithAddresses(string host, string uri)
    {
        var issuers = new X509AuthorityInformationAccessExtension([$"http://{host}/ocsp"], [$"http://{host}/issuer.crt"]);
        var lists = CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([$"http://{host}/list.crl"]);
        return Issue(TimeSpan.FromHours(1), [issuers, lists], uri);
    }

    private string Issue(TimeSpan life, X509Extension[] further, params string[] uris)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new(ServerAuthentication), new(ClientAuthentication)], false));
        request.CertificateExtensions.Add(UriNames(uris));
        Array.ForEach(further, request.CertificateExtensions.Add);
        var now = TimeProvider.System.GetUtcNow();
        var begin = authority.NotBefore.ToUniversalTime() > now.AddHours(-1) ? authority.NotBefore.ToUniversalTime() : now.AddHours(-1).UtcDateTime;
        var end = life > TimeSpan.Zero ? (now + life).UtcDateTime : begin.AddSeconds(1);
        using var leaf = request.Create(authority, begin, end, RandomNumberGenerator.GetBytes(16));
        var path = Path.Combine(directory, $"leaf-{Guid.NewGuid():N}.pem");
        File.WriteAllText(path, $"{leaf.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        return path;
    }

    private static X509Extension UriNames(params string[] uris)
    {
        var names = new SubjectAlternativeNameBuilder();
        Array.ForEach(uris, uri => names.AddUri(new(uri)));
        return names.Build(critical: true);
    }
}
