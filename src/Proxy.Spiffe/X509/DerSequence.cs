using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>Certificates as SPIFFE sends them: DER, one directly after the other.</summary>
internal static class DerSequence
{
    /// <summary>Reads exactly one certificate, nothing after it, whose validity can be read.</summary>
    public static bool TryLoad(ReadOnlySpan<byte> der, [NotNullWhen(true)] out X509Certificate2? certificate)
    {
        certificate = null;
        try
        {
            AsnDecoder.ReadEncodedValue(der, AsnEncodingRules.DER, out _, out _, out var length);
            if (length != der.Length)
                return false;
            var loaded = X509CertificateLoader.LoadCertificate(der);
            if (Validity.IsReadable(loaded))
                certificate = loaded;
            else
                loaded.Dispose();
            return certificate is not null;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Splits and reads all certificates; none for an empty text.</summary>
    public static bool TryLoadAll(ReadOnlySpan<byte> concatenated, out List<X509Certificate2> certificates)
    {
        certificates = [];
        while (!concatenated.IsEmpty)
        {
            if (!TryMeasure(concatenated, out var length) || !TryLoad(concatenated[..length], out var certificate))
                return false;
            certificates.Add(certificate);
            concatenated = concatenated[length..];
        }

        return true;
    }

    /// <summary>Splits without reading; none for an empty text.</summary>
    public static bool TrySplit(ReadOnlyMemory<byte> concatenated, out List<ReadOnlyMemory<byte>> certificates)
    {
        certificates = [];
        while (!concatenated.IsEmpty)
        {
            if (!TryMeasure(concatenated.Span, out var length))
                return false;
            certificates.Add(concatenated[..length]);
            concatenated = concatenated[length..];
        }

        return true;
    }

    private static bool TryMeasure(ReadOnlySpan<byte> der, out int length)
    {
        length = 0;
        return AsnDecoder.TryReadEncodedValue(der, AsnEncodingRules.DER, out _, out _, out _, out length);
    }
}
