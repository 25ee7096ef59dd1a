using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>Certificates in PEM (RFC 7468).</summary>
internal static class PemText
{
    private const string CertificateLabel = "CERTIFICATE";

    /// <summary>Reads every block; one that is not a certificate refuses the whole text, which may hold a key by mistake.</summary>
    public static bool TryLoadCertificates(ReadOnlySpan<char> pem, out List<X509Certificate2> certificates, out string error)
    {
        certificates = [];
        error = "";
        while (PemEncoding.TryFind(pem, out var fields))
        {
            if (!pem[fields.Label].SequenceEqual(CertificateLabel))
                error = $"Block {certificates.Count + 1} of the PEM text is not a certificate.";
            else if (!TryLoad(pem[fields.Base64Data], out var certificate))
                error = $"Certificate {certificates.Count + 1} of the PEM text cannot be read.";
            else
                certificates.Add(certificate!);
            if (error.Length > 0)
                return false;
            pem = pem[fields.Location.End..];
        }

        if (certificates.Count == 0 || pem.IndexOf("-----BEGIN") >= 0)
            error = certificates.Count == 0 ? "There is no certificate in PEM." : "The PEM text ends within a block.";
        return error.Length == 0;
    }

    private static bool TryLoad(ReadOnlySpan<char> base64, out X509Certificate2? certificate)
    {
        var der = new byte[(base64.Length / 4 * 3) + 3];
        certificate = null;
        return Convert.TryFromBase64Chars(base64, der, out var length) && DerSequence.TryLoad(der.AsSpan(0, length), out certificate);
    }
}
