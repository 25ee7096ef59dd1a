using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>Writes certificates by hand (RFC 5280 §4.1), because the framework refuses to make wrong ones.</summary>
internal static class CertificateMaker
{
    private const string BasicConstraints = "2.5.29.19";
    private const string KeyUsage = "2.5.29.15";
    private const string ExtendedKeyUsage = "2.5.29.37";
    private const string SubjectAlternativeName = "2.5.29.17";
    private const string SubjectKeyIdentifier = "2.5.29.14";
    private const string AuthorityKeyIdentifier = "2.5.29.35";

    /// <summary>The certificate that the issuer's name and key give to the subject; its own: self-signed.</summary>
    public static byte[] Make(Recipe subject, string issuerName, MatrixKey issuerKey)
    {
        var kind = subject.Signature ?? issuerKey.Usual;
        var signed = Recipe.Der(writer => WriteSigned(writer, subject, issuerName, issuerKey, subject.ClaimedSignature ?? kind));
        return subject.Spoil(Recipe.Der(writer =>
        {
            using (writer.PushSequence())
            {
                writer.WriteEncodedValue(signed);
                issuerKey.WriteAlgorithm(writer, kind);
                writer.WriteBitString(issuerKey.Sign(signed, kind));
            }
        }));
    }

    private static void WriteSigned(AsnWriter writer, Recipe subject, string issuerName, MatrixKey issuerKey, SignatureKind kind)
    {
        using (writer.PushSequence())
        {
            if (subject.Version > 0)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    writer.WriteInteger(subject.Version);
            }

            writer.WriteInteger(subject.Serial);
            issuerKey.WriteAlgorithm(writer, kind);
            writer.WriteEncodedValue(new X500DistinguishedName(issuerName).RawData);
            using (writer.PushSequence())
            {
                WriteTime(writer, subject.NotBefore);
                WriteTime(writer, subject.NotAfter);
            }

            writer.WriteEncodedValue(new X500DistinguishedName(subject.Subject).RawData);
            writer.WriteEncodedValue(subject.Key.PublicInfo);
            var extensions = Extensions(subject, issuerKey).ToArray();
            if (subject.Version < 2 || extensions.Length == 0)
                return;
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3)))
            using (writer.PushSequence())
            {
                foreach (var extension in extensions)
                    Write(writer, extension);
            }
        }
    }

    // RFC 5280 §4.1.2.5: years from 2050 on are written in full.
    private static void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        if (time.Year < 2050)
            writer.WriteUtcTime(time);
        else
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
    }

    private static IEnumerable<RecipeExtension> Extensions(Recipe subject, MatrixKey issuerKey)
    {
        if (subject.IsAuthority is { } isAuthority)
            yield return new(BasicConstraints, subject.AreConstraintsCritical, Recipe.Der(writer => WriteConstraints(writer, isAuthority, subject.PathLength)));
        if (subject.KeyUsage is { } usage)
            yield return new(KeyUsage, subject.IsKeyUsageCritical, new X509KeyUsageExtension(usage, false).RawData);
        if (subject.ExtendedKeyUsage is { } usages)
            yield return new(ExtendedKeyUsage, subject.IsExtendedKeyUsageCritical, Recipe.Der(writer => WriteUsages(writer, usages)));
        if (subject.Names is { } names)
            yield return new(SubjectAlternativeName, subject.AreNamesCritical, Recipe.Der(writer => WriteNames(writer, names)));
        if (subject.NamesKeys)
        {
            yield return new(SubjectKeyIdentifier, false, Recipe.Der(writer => writer.WriteOctetString(IdentifierOf(subject.Key))));
            yield return new(AuthorityKeyIdentifier, false, Recipe.Der(writer => WriteIssuerKey(writer, issuerKey)));
        }

        foreach (var other in subject.Others)
            yield return other;
    }

    private static void Write(AsnWriter writer, RecipeExtension extension)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(extension.Oid);
            if (extension.IsCritical)
                writer.WriteBoolean(true);
            writer.WriteOctetString(extension.Value);
        }
    }

    private static void WriteConstraints(AsnWriter writer, bool isAuthority, int? pathLength)
    {
        using (writer.PushSequence())
        {
            if (isAuthority)
                writer.WriteBoolean(true);
            if (pathLength is { } length)
                writer.WriteInteger(length);
        }
    }

    private static void WriteUsages(AsnWriter writer, IEnumerable<string> usages)
    {
        using (writer.PushSequence())
        {
            foreach (var usage in usages)
                writer.WriteObjectIdentifier(usage);
        }
    }

    private static void WriteNames(AsnWriter writer, IEnumerable<RecipeName> names)
    {
        using (writer.PushSequence())
        {
            foreach (var name in names)
                writer.WriteOctetString(name.Value, new Asn1Tag(TagClass.ContextSpecific, name.Choice));
        }
    }

    private static void WriteIssuerKey(AsnWriter writer, MatrixKey issuerKey)
    {
        using (writer.PushSequence())
            writer.WriteOctetString(IdentifierOf(issuerKey), new Asn1Tag(TagClass.ContextSpecific, 0));
    }

    private static byte[] IdentifierOf(MatrixKey key) => SHA256.HashData(key.PublicInfo)[..20];
}
