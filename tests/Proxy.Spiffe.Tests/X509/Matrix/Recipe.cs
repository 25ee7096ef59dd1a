using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>An extension, byte for byte.</summary>
internal sealed record RecipeExtension(string Oid, bool IsCritical, byte[] Value);

/// <summary>A name of the subject alternative name: the number of its choice (RFC 5280 §4.2.1.6) and its bytes.</summary>
internal sealed record RecipeName(int Choice, byte[] Value)
{
    public static RecipeName Uri(string text) => new(6, System.Text.Encoding.Latin1.GetBytes(text));

    public static RecipeName Dns(string text) => new(2, System.Text.Encoding.ASCII.GetBytes(text));
}

/// <summary>What a certificate is to say. Anything can be said, right or wrong; by default all of it is right.</summary>
internal sealed record Recipe
{
    public static readonly DateTimeOffset Now = TestAuthority.Now;

    public required string Subject { get; init; }

    public required MatrixKey Key { get; init; }

    /// <summary>From nought: 2 is version 3.</summary>
    public int Version { get; init; } = 2;

    public BigInteger Serial { get; init; } = 4711;

    public DateTimeOffset NotBefore { get; init; } = Now.AddHours(-1);

    public DateTimeOffset NotAfter { get; init; } = Now.AddHours(1);

    /// <summary>Null: no basic constraints at all.</summary>
    public bool? IsAuthority { get; init; }

    public int? PathLength { get; init; }

    public bool AreConstraintsCritical { get; init; } = true;

    /// <summary>Null: no key usage at all.</summary>
    public X509KeyUsageFlags? KeyUsage { get; init; }

    public bool IsKeyUsageCritical { get; init; } = true;

    /// <summary>Null: no extended key usage at all.</summary>
    public IReadOnlyList<string>? ExtendedKeyUsage { get; init; }

    public bool IsExtendedKeyUsageCritical { get; init; }

    /// <summary>Null: no subject alternative name at all.</summary>
    public IReadOnlyList<RecipeName>? Names { get; init; }

    public bool AreNamesCritical { get; init; }

    /// <summary>Whether subject and authority key identifiers tell keys of one name apart.</summary>
    public bool NamesKeys { get; init; } = true;

    public IReadOnlyList<RecipeExtension> Others { get; init; } = [];

    /// <summary>How the issuer signs; null: as its key usually does.</summary>
    public SignatureKind? Signature { get; init; }

    /// <summary>What the signed part says of the signature, where that is something else than what stands outside.</summary>
    public SignatureKind? ClaimedSignature { get; init; }

    /// <summary>Done to the certificate when it is signed.</summary>
    public Func<byte[], byte[]> Spoil { get; init; } = der => der;

    public static Recipe Leaf(KeyKind kind = KeyKind.P256) => new()
    {
        Subject = "O=leaf",
        Key = MatrixKey.Of(kind, "leaf"),
        IsAuthority = false,
        KeyUsage = X509KeyUsageFlags.DigitalSignature,
        ExtendedKeyUsage = [ServerAuthentication, ClientAuthentication],
        Names = [RecipeName.Uri("spiffe://td/ns/default/sa/alice")],
    };

    public static Recipe Authority(string name, KeyKind kind = KeyKind.P256) => new()
    {
        Subject = $"CN={name}",
        Key = MatrixKey.Of(kind, name),
        NotBefore = Now.AddDays(-1),
        NotAfter = Now.AddDays(1),
        IsAuthority = true,
        KeyUsage = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign,
    };

    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    public const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    public const string AnyUsage = "2.5.29.37.0";

    public Recipe Says(params string[] uris) => this with { Names = [.. uris.Select(RecipeName.Uri)] };

    public Recipe With(params RecipeExtension[] others) => this with { Others = [.. Others, .. others] };

    /// <summary>A value of ASN.1.</summary>
    public static byte[] Der(Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        write(writer);
        return writer.Encode();
    }
}
