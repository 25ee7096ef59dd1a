using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Issuing;

/// <summary>
/// Keeps authorities as PEM files below a directory that only its owner may enter: the one that signs in <c>ca</c>, the one
/// that signs next in <c>next</c>, each with <c>certificate.pem</c> and <c>key.pem</c>, and the certificates of those that
/// signed before in <c>retired</c>; the number of the bundle in <c>sequence</c>. A directory with a key appears by one rename, so that there is a whole authority or none.
/// </summary>
[UnsupportedOSPlatform("windows")] // file modes protect the key
public static class AuthorityStore
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerReadWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string ActiveName = "ca";
    private const string NextName = "next";
    private const string RetiredName = "retired";
    private const string SequenceName = "sequence";
    private const string LockName = "lock";
    private const string UnfinishedPrefix = ".ca-";
    private const string CertificateName = "certificate.pem";
    private const string KeyName = "key.pem";

    /// <summary>Keeps everybody else out of the directory until it is disposed: two who replace authorities there would lose them.</summary>
    /// <exception cref="AuthorityStoreException">The directory is not safe, or somebody is in it.</exception>
    internal static IDisposable Hold(string directory) => Guard(directory, () =>
    {
        PrepareDirectory(directory);
        return new FileStream(Path.Combine(directory, LockName), new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            UnixCreateMode = OwnerReadWrite,
        });
    });

    /// <summary>Reads the authority that signs, or makes one.</summary>
    /// <param name="directory">Made if it is missing.</param>
    /// <param name="trustDomain">Whom it signs for.</param>
    /// <param name="time">The clock of validity.</param>
    /// <param name="lifetime">Of a new authority; null for the default.</param>
    /// <exception cref="AuthorityStoreException">The directory is not safe, or what is in it is not one valid authority of this trust domain.</exception>
    public static CertificateAuthority Open(string directory, TrustDomain trustDomain, TimeProvider time, TimeSpan? lifetime = null) =>
        Guard(directory, () =>
        {
            PrepareDirectory(directory);
            RemoveUnfinished(directory);
            var (active, next) = (Path.Combine(directory, ActiveName), Path.Combine(directory, NextName));
            // Whoever was stopped between two renames had made everything else ready.
            if (!Directory.Exists(active) && Directory.Exists(next))
                Directory.Move(next, active);
            if (!Directory.Exists(active))
                Create(directory, active, trustDomain, time, lifetime);
            return Read(active, trustDomain, time);
        });

    /// <summary>The authority that signs next; null when there is none yet.</summary>
    /// <exception cref="AuthorityStoreException">What is kept is not one valid authority.</exception>
    internal static CertificateAuthority? OpenNext(string directory, TrustDomain trustDomain, TimeProvider time) =>
        Guard(directory, () => Directory.Exists(Path.Combine(directory, NextName))
            ? Read(Path.Combine(directory, NextName), trustDomain, time)
            : null);

    /// <summary>Makes the authority that signs next, unless it was made when this was called before and something failed after it.</summary>
    internal static CertificateAuthority CreateNext(string directory, TrustDomain trustDomain, TimeProvider time, TimeSpan lifetime) =>
        Guard(directory, () =>
        {
            var next = Path.Combine(directory, NextName);
            RemoveUnfinished(directory);
            if (!Directory.Exists(next))
                Create(directory, next, trustDomain, time, lifetime);
            return Read(next, trustDomain, time);
        });

    /// <summary>
    /// The next authority signs from now on; of the other one only the certificate stays. Called again after it failed, it does
    /// what is left to do.
    /// </summary>
    internal static void ActivateNext(string directory, CertificateAuthority former, CertificateAuthority next) => Guard(directory, () =>
    {
        var (activePath, nextPath) = (Path.Combine(directory, ActiveName), Path.Combine(directory, NextName));
        var isActive = Holds(activePath, next);
        if (!isActive && !Holds(nextPath, next))
            throw new AuthorityStoreException($"{nextPath} does not hold the authority that is to sign now; restore it.");
        Directory.CreateDirectory(Path.Combine(directory, RetiredName), OwnerOnly);
        Replace(Path.Combine(directory, RetiredName, $"{former.Serial}.pem"), former.ExportCertificatePem());
        if (!isActive && Directory.Exists(activePath))
            Directory.Move(activePath, UnfinishedIn(directory));
        if (!isActive)
            Directory.Move(nextPath, activePath);
        RemoveUnfinished(directory);
        return true;
    });

    /// <summary>The certificates of those that signed before and are still valid; others are removed.</summary>
    /// <param name="directory">Where they are kept.</param>
    /// <param name="active">Who signs now: who was stopped just before the change had retired it already.</param>
    /// <param name="time">The clock of validity.</param>
    internal static IReadOnlyList<X509Certificate2> ReadRetired(string directory, CertificateAuthority active, TimeProvider time) => Guard(directory, () =>
    {
        var retired = Path.Combine(directory, RetiredName);
        var certificates = new List<X509Certificate2>();
        string[] paths = Directory.Exists(retired) ? Directory.GetFiles(retired, "*.pem") : [];
        if (paths.Length > 0)
            File.Delete(Path.Combine(retired, $"{active.Serial}.pem"));
        foreach (var path in paths.Where(File.Exists).Order(StringComparer.Ordinal))
        {
            if (!PemText.TryLoadCertificates(File.ReadAllText(path), out var found, out var error))
                throw new AuthorityStoreException($"{path} cannot be read: {error} Restore it, or remove it to end what it signed.");
            if (time.GetUtcNow() < Validity.End(found[0]))
                certificates.Add(found[0]);
            else
                File.Delete(path);
        }

        return certificates;
    });

    /// <summary>The number of this bundle: that of the last one if it is the same, otherwise the next.</summary>
    internal static ulong NextSequence(string directory, TrustBundle bundle) => Guard(directory, () =>
    {
        var path = Path.Combine(directory, SequenceName);
        var digest = Convert.ToHexStringLower(SHA256.HashData([.. bundle.Roots.SelectMany(root => root.RawData)]));
        var kept = File.Exists(path) ? File.ReadAllText(path).Trim().Split(' ') : [];
        var number = kept.Length == 2 && ulong.TryParse(kept[0], NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : 0;
        if (number > 0 && kept[1] == digest)
            return number;

        Replace(path, string.Create(CultureInfo.InvariantCulture, $"{number + 1} {digest}"));
        return number + 1;
    });

    private static T Guard<T>(string directory, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AuthorityStoreException($"The state directory {directory} cannot be used: {e.Message}");
        }
    }

    private static void RemoveUnfinished(string directory)
    {
        foreach (var unfinished in Directory.GetDirectories(directory, UnfinishedPrefix + "*"))
            Directory.Delete(unfinished, recursive: true);
    }

    private static bool Holds(string path, CertificateAuthority authority)
    {
        var certificate = Path.Combine(path, CertificateName);
        return File.Exists(certificate) && File.ReadAllText(certificate).Trim() == authority.ExportCertificatePem().Trim();
    }

    private static string UnfinishedIn(string directory) => Path.Combine(directory, UnfinishedPrefix + Path.GetRandomFileName());

    private static void PrepareDirectory(string directory)
    {
        if (!Directory.Exists(directory))
            Directory.CreateDirectory(directory, OwnerOnly);
        Demand(directory, OwnerOnly, $"chmod 700 {directory}");
    }

    private static void Create(string directory, string path, TrustDomain trustDomain, TimeProvider time, TimeSpan? lifetime)
    {
        using var authority = CertificateAuthority.Create(trustDomain, time, lifetime);
        var unfinished = UnfinishedIn(directory);
        Directory.CreateDirectory(unfinished, OwnerOnly);
        Write(Path.Combine(unfinished, KeyName), authority.ExportKeyPem());
        Write(Path.Combine(unfinished, CertificateName), authority.ExportCertificatePem());
        Directory.Move(unfinished, path);
    }

    // Whoever reads it finds the whole of the former or of this one.
    private static void Replace(string path, string text)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished);
        Write(unfinished, text);
        File.Move(unfinished, path, overwrite: true);
        // On the file systems with a journal, this rename and those before it are on the disk when the file is, once more.
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

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
        if (now < Validity.Start(certificate))
            return $"is valid from {Validity.Start(certificate):u} on, and it is {now:u} by the clock; look at the clock first";
        return now >= Validity.End(certificate) ? $"expired at {Validity.End(certificate):u}" : null;
    }

    private static void Demand(string path, UnixFileMode widest, string remedy)
    {
        var mode = File.GetUnixFileMode(path);
        if ((mode & ~widest) != 0)
            throw new AuthorityStoreException($"{path} is open to others (mode {Convert.ToString((int)mode, 8)}); a key is kept there: {remedy}");
    }
}
