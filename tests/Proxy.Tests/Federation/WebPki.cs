using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Tests.Federation;

/// <summary>A private authority of Web PKI, and certificates for localhost, as files.</summary>
internal sealed class WebPki : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("web-pki-");

    public WebPki()
    {
        var request = new CertificateRequest("CN=web root", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        Root = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
        RootFile = Put("root.pem", Root.ExportCertificatePem());
        Renew();
    }

    public X509Certificate2 Root { get; }

    public string RootFile { get; }

    public string CertificateFile => Path.Combine(_directory.FullName, "cert.pem");

    public string KeyFile => Path.Combine(_directory.FullName, "key.pem");

    /// <summary>Puts another certificate and key in the place of the last.</summary>
    /// <returns>Its serial number.</returns>
    public string Renew()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var leaf = request.Create(Root.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), now.AddMinutes(-5), now.AddHours(1), RandomNumberGenerator.GetBytes(8));
        Put("key.pem", key.ExportPkcs8PrivateKeyPem());
        Put("cert.pem", $"{leaf.ExportCertificatePem()}\n{Root.ExportCertificatePem()}\n");
        return leaf.SerialNumber;
    }

    public string Put(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose()
    {
        _key.Dispose();
        Root.Dispose();
        _directory.Delete(recursive: true);
    }
}
