using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Lab.Compare;

/// <summary>Files of one certificate: the certificate, its key, and both in one.</summary>
internal sealed record CertificateFiles(string Certificate, string Key, string Both);

/// <summary>A root and two leaves, all ECDSA P-256, as node-proxy's issuer makes them.</summary>
internal sealed class PeerCertificates
{
    private readonly string directory;
    private readonly DateTimeOffset now = TimeProvider.System.GetUtcNow();

    public PeerCertificates(string directory)
    {
        this.directory = directory;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var authority = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(2));
        Authority = Write("authority.crt", authority.ExportCertificatePem());
        Client = Issue(authority, "client", 1);
        Server = Issue(authority, "server", 2);
    }

    public string Authority { get; }

    public CertificateFiles Client { get; }

    public CertificateFiles Server { get; }

    private CertificateFiles Issue(X509Certificate2 authority, string name, byte serial)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddUri(new Uri($"spiffe://cluster.local/ns/default/sa/{name}"));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        using var leaf = request.Create(authority, now.AddHours(-1), now.AddDays(1), [serial]);
        var (certificate, secret) = (leaf.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
        return new(Write($"{name}.crt", certificate), Write($"{name}.key", secret), Write($"{name}.pem", certificate + secret));
    }

    private string Write(string name, string content)
    {
        var path = Path.Combine(directory, name);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
