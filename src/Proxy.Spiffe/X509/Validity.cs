using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>The validity of a certificate as points in time; the certificate's own properties are local time.</summary>
internal static class Validity
{
    public static DateTimeOffset Start(X509Certificate2 certificate) => new(certificate.NotBefore.ToUniversalTime());

    public static DateTimeOffset End(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());
}
