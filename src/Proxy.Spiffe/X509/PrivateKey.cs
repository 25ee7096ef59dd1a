using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>Joins a PKCS#8 key with its certificate, in memory.</summary>
internal static class PrivateKey
{
    private const string EllipticCurve = "1.2.840.10045.2.1";
    private const string Rsa = "1.2.840.113549.1.1.1";

    public static bool TryAttach(
        X509Certificate2 certificate,
        ReadOnlySpan<byte> pkcs8,
        [NotNullWhen(true)] out X509Certificate2? withKey,
        out string error)
    {
        withKey = null;
        error = "";
        try
        {
            withKey = Attach(certificate, pkcs8);
            if (withKey is null)
                error = "The SVID's key is neither RSA nor ECDSA, or has bytes after it.";
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            // The exception is dropped on purpose: its text is not under our control, and a key was in reach.
            error = "The SVID's private key is not unencrypted PKCS#8, or does not belong to the certificate.";
        }

        return withKey is not null;
    }

    private static X509Certificate2? Attach(X509Certificate2 certificate, ReadOnlySpan<byte> pkcs8)
    {
        switch (certificate.PublicKey.Oid.Value)
        {
            case EllipticCurve:
                using (var key = ECDsa.Create())
                {
                    key.ImportPkcs8PrivateKey(pkcs8, out var read);
                    return read == pkcs8.Length ? certificate.CopyWithPrivateKey(key) : null;
                }

            case Rsa:
                using (var key = RSA.Create())
                {
                    key.ImportPkcs8PrivateKey(pkcs8, out var read);
                    return read == pkcs8.Length ? certificate.CopyWithPrivateKey(key) : null;
                }

            default:
                return null;
        }
    }
}
