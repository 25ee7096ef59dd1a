using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>The validity of a certificate as points in time; the certificate's own properties are local time.</summary>
internal static class Validity
{
    public static DateTimeOffset Start(X509Certificate2 certificate) => new(certificate.NotBefore.ToUniversalTime());

    public static DateTimeOffset End(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());

    /// <summary>Whether both are times at all: certificates are loaded without looking at them.</summary>
    public static bool IsReadable(X509Certificate2 certificate)
    {
        try
        {
            _ = Start(certificate);
            _ = End(certificate);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
