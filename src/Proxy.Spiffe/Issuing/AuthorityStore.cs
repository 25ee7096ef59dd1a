using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Issuing;

/// <summary>
/// Keeps an authority as PEM files: <c>ca/certificate.pem</c> and <c>ca/key.pem</c> below a directory that only its
/// owner may enter. The directory <c>ca</c> appears by one rename, so that there is a whole authority or none.
/// </summary>
public static class AuthorityStore
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerReadWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string CertificateName = "certificate.pem";
    private const string KeyName = "key.pem";

    /// <summary>Reads the authority that is kept in the directory, or makes one.</summary>
    /// <exception cref="AuthorityStoreException">The directory is not safe, or what is in it is not one valid authority of this trust domain.</exception>
    public static CertificateAuthority Open(string directory, TrustDomain trustDomain, TimeProvider time)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("File modes protect the key; Windows has none.");
        try
        {
            PrepareDirectory(directory);
            var path = Path.Combine(directory, "ca");
            if (!Directory.Exists(path))
                Create(directory, path, trustDomain, time);
            return Read(path, trustDomain, time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AuthorityStoreException($"The state directory {directory} cannot be used: {e.Message}");
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static void PrepareDirectory(string directory)
    {
        if (!Directory.Exists(directory))
            Directory.CreateDirectory(directory, OwnerOnly);
        Demand(directory, OwnerOnly, $"chmod 700 {directory}");
    }

    [UnsupportedOSPlatform("windows")]
    private static void Create(string directory, string path, TrustDomain trustDomain, TimeProvider time)
    {
        using var authority = CertificateAuthority.Create(trustDomain, time);
        var unfinished = Path.Combine(directory, $".ca-{Path.GetRandomFileName()}");
        Directory.CreateDirectory(unfinished, OwnerOnly);
        Write(Path.Combine(unfinished, KeyName), authority.ExportKeyPem());
        Write(Path.Combine(unfinished, CertificateName), authority.ExportCertificatePem());
        Directory.Move(unfinished, path);
    }

    [UnsupportedOSPlatform("windows")]
    private static void Write(string path, string pem)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerReadWrite,
        });
        file.Write(System.Text.Encoding.ASCII.GetBytes(pem + "\n"));
        file.Flush(flushToDisk: true);
    }

    [UnsupportedOSPlatform("windows")]
    private static CertificateAuthority Read(string path, TrustDomain trustDomain, TimeProvider time)
    {
        var (certificatePath, keyPath) = (Path.Combine(path, CertificateName), Path.Combine(path, KeyName));
        foreach (var file in new[] { certificatePath, keyPath }.Where(file => !File.Exists(file)))
            throw new AuthorityStoreException($"{file} is missing; restore it, or remove {path} to begin with a new authority.");
        Demand(path, OwnerOnly, $"chmod 700 {path}");
        Demand(keyPath, OwnerReadWrite, $"chmod 600 {keyPath}");
        var certificate = Join(certificatePath, keyPath);
        if (FindFault(certificate, trustDomain, time.GetUtcNow()) is { } fault)
            throw new AuthorityStoreException($"{certificatePath} {fault}; remove {path} to begin with a new authority.");
        return new CertificateAuthority(certificate, trustDomain, time);
    }

    private static X509Certificate2 Join(string certificatePath, string keyPath)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // The cause is left out: its text is not under our control, and a key was in reach.
            throw new AuthorityStoreException($"{certificatePath} and {keyPath} are not the certificate and the key of one authority.");
        }
    }

    private static string? FindFault(X509Certificate2 certificate, TrustDomain trustDomain, DateTimeOffset now)
    {
        if (!SigningForm.IsAuthority(certificate) || certificate.GetECDsaPrivateKey() is null)
            return "is not an ECDSA certificate authority";
        var name = SvidRequest.CreateName(trustDomain.Id).RawData;
        if (!certificate.Extensions.Any(e => e.Oid?.Value == "2.5.29.17" && e.RawData.AsSpan().SequenceEqual(name)))
            return $"is not the authority of the trust domain {trustDomain}";
        return now >= Validity.End(certificate) ? $"expired at {Validity.End(certificate):u}" : null;
    }

    [UnsupportedOSPlatform("windows")]
    private static void Demand(string path, UnixFileMode widest, string remedy)
    {
        var mode = File.GetUnixFileMode(path);
        if ((mode & ~widest) != 0)
            throw new AuthorityStoreException($"{path} is open to others (mode {Convert.ToString((int)mode, 8)}); a key is kept there: {remedy}");
    }
}
