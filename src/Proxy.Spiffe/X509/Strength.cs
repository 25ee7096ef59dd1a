using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>
/// Which keys and signatures count: 112 bits of strength or more (NIST SP 800-57, as libssl's security level 2), and
/// signatures that TLS 1.3 knows in certificates (RFC 8446 §4.2.3). A chain's builder does not look at this by itself.
/// </summary>
internal static class Strength
{
    private const int FewestRsaBits = 2048;
    private const int FewestCurveBits = 224;

    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string RsaPss = "1.2.840.113549.1.1.10";
    private const string EllipticCurve = "1.2.840.10045.2.1";
    private const string Ed25519 = "1.3.101.112";
    private const string Ed448 = "1.3.101.113";

    private const byte ObjectIdentifier = 6;

    private static readonly Asn1Tag PssHash = new(TagClass.ContextSpecific, 0, isConstructed: true);

    private static readonly HashSet<string> Hashes = new(StringComparer.Ordinal)
    {
        "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3", // SHA-256, SHA-384, SHA-512
    };

    private static readonly HashSet<string> Signatures = new(StringComparer.Ordinal)
    {
        "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", // RSA with SHA-256, SHA-384, SHA-512
        "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4", // ECDSA with the same
        Ed25519, Ed448,
    };

    /// <summary>Whether the certificate's key is strong enough to prove or to sign anything.</summary>
    public static bool HasStrongKey(X509Certificate2 certificate)
    {
        try
        {
            var key = certificate.PublicKey;
            return key.Oid.Value switch
            {
                Rsa or RsaPss => BitsOfRsa(key) >= FewestRsaBits,
                EllipticCurve => BitsOfCurve(key) >= FewestCurveBits,
                Ed25519 or Ed448 => true,
                _ => false,
            };
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Whether the issuer's signature is one that nobody can forge. Of an anchor's own signature nothing depends.</summary>
    public static bool HasStrongSignature(X509Certificate2 certificate)
    {
        try
        {
            var parts = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
            parts.ReadEncodedValue();
            var algorithm = parts.ReadSequence();
            var oid = algorithm.ReadObjectIdentifier();
            return oid == RsaPss ? HasStrongHash(algorithm) : Signatures.Contains(oid);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    // RFC 4055 §3.1: without a word the hash is SHA-1.
    private static bool HasStrongHash(AsnReader algorithm)
    {
        var parameters = algorithm.ReadSequence();
        return parameters.HasData
            && parameters.PeekTag() == PssHash
            && Hashes.Contains(parameters.ReadSequence(PssHash).ReadSequence().ReadObjectIdentifier());
    }

    private static long BitsOfRsa(PublicKey key)
    {
        var modulus = new AsnReader(key.EncodedKeyValue.RawData, AsnEncodingRules.DER).ReadSequence().ReadInteger();
        return modulus.Sign > 0 ? modulus.GetBitLength() : 0;
    }

    // By the bytes of a coordinate of the point (SEC 1 §2.3.3). A curve that the key brings along instead of naming it may be anyone's.
    private static int BitsOfCurve(PublicKey key)
    {
        if (key.EncodedParameters?.RawData is not [ObjectIdentifier, ..])
            return 0;
        var point = key.EncodedKeyValue.RawData;
        return point switch
        {
            [4, ..] => (point.Length - 1) / 2 * 8,
            [2 or 3, ..] => (point.Length - 1) * 8,
            _ => 0,
        };
    }
}
