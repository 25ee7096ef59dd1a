using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>The kinds of keys that certificates of the matrix have.</summary>
internal enum KeyKind
{
    P224,
    P256,
    P384,
    P521,
    Rsa1024,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    Ed25519,
}

/// <summary>How a certificate is signed.</summary>
internal enum SignatureKind
{
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,

    /// <summary>RSASSA-PSS with SHA-256.</summary>
    Pss,

    /// <summary>RSASSA-PSS as its parameters are when none are given: with SHA-1.</summary>
    PssOfSha1,

    Ed25519,
}

/// <summary>A key of the matrix: its public half as certificates carry it, and what it signs.</summary>
internal sealed class MatrixKey
{
    private static readonly ConcurrentDictionary<(KeyKind, string), Lazy<MatrixKey>> Known = new();

    private readonly AsymmetricAlgorithm? _key;
    private readonly EdwardsKey? _edwards;

    private MatrixKey(KeyKind kind)
    {
        Kind = kind;
        _edwards = kind == KeyKind.Ed25519 ? new EdwardsKey() : null;
        _key = kind switch
        {
            KeyKind.Ed25519 => null,
            KeyKind.P224 => ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.33")),
            KeyKind.P256 => ECDsa.Create(ECCurve.NamedCurves.nistP256),
            KeyKind.P384 => ECDsa.Create(ECCurve.NamedCurves.nistP384),
            KeyKind.P521 => ECDsa.Create(ECCurve.NamedCurves.nistP521),
            KeyKind.Rsa1024 => RSA.Create(1024),
            KeyKind.Rsa2048 => RSA.Create(2048),
            KeyKind.Rsa3072 => RSA.Create(3072),
            _ => RSA.Create(4096),
        };
        PublicInfo = _edwards?.PublicInfo ?? PublicInfoOf(_key!);
    }

    public KeyKind Kind { get; }

    /// <summary>SubjectPublicKeyInfo, DER.</summary>
    public byte[] PublicInfo { get; }

    /// <summary>The signature that such a key makes unless something else is asked for.</summary>
    public SignatureKind Usual => Kind switch
    {
        KeyKind.P384 => SignatureKind.Sha384,
        KeyKind.P521 => SignatureKind.Sha512,
        KeyKind.Ed25519 => SignatureKind.Ed25519,
        _ => SignatureKind.Sha256,
    };

    /// <summary>One key for each kind and role; of the longest, which take seconds to make, one for all roles.</summary>
    public static MatrixKey Of(KeyKind kind, string role) =>
        Known.GetOrAdd((kind, kind is KeyKind.Rsa3072 or KeyKind.Rsa4096 ? "all" : role), _ => new(() => new MatrixKey(kind))).Value;

    public byte[] Sign(byte[] content, SignatureKind kind) => _key switch
    {
        ECDsa key => key.SignData(content, HashOf(kind), DSASignatureFormat.Rfc3279DerSequence),
        RSA key => key.SignData(content, HashOf(kind), kind is SignatureKind.Pss or SignatureKind.PssOfSha1 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
        _ => _edwards!.Sign(content),
    };

    /// <summary>AlgorithmIdentifier of a signature by this key.</summary>
    public void WriteAlgorithm(AsnWriter writer, SignatureKind kind)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(_key switch
            {
                ECDsa => kind == SignatureKind.Sha1 ? "1.2.840.10045.4.1" : $"1.2.840.10045.4.3.{2 + (kind - SignatureKind.Sha256)}",
                RSA => $"1.2.840.113549.1.1.{RsaNumber(kind)}",
                _ => "1.3.101.112",
            });
            if (kind == SignatureKind.Pss)
                WritePss(writer);
            else if (kind == SignatureKind.PssOfSha1)
                writer.PushSequence().Dispose();
            else if (_key is RSA)
                writer.WriteNull();
        }
    }

    private static byte[] PublicInfoOf(AsymmetricAlgorithm key) => key.ExportSubjectPublicKeyInfo();

    private static int RsaNumber(SignatureKind kind) => kind switch
    {
        SignatureKind.Md5 => 4,
        SignatureKind.Sha1 => 5,
        SignatureKind.Pss or SignatureKind.PssOfSha1 => 10,
        _ => 11 + (kind - SignatureKind.Sha256),
    };

    private static HashAlgorithmName HashOf(SignatureKind kind) => kind switch
    {
        SignatureKind.Md5 => HashAlgorithmName.MD5,
        SignatureKind.Sha1 or SignatureKind.PssOfSha1 => HashAlgorithmName.SHA1,
        SignatureKind.Sha384 => HashAlgorithmName.SHA384,
        SignatureKind.Sha512 => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };

    // RFC 4055 §3.1: hash, mask generation, length of the salt.
    private static void WritePss(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                WriteSha256(writer);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.8");
                WriteSha256(writer);
            }

            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                writer.WriteInteger(32);
        }
    }

    private static void WriteSha256(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.16.840.1.101.3.4.2.1");
            writer.WriteNull();
        }
    }
}
