using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Proxy.Spiffe.X509;

/// <summary>The form of a leaf SVID (X509-SVID, sections 2 to 4): what can be told without any bundle.</summary>
internal static class LeafForm
{
    private const string SubjectAlternativeName = "2.5.29.17";
    internal const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    internal const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const X509KeyUsageFlags SigningUsages = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign;

    private static readonly Asn1Tag UriName = new(TagClass.ContextSpecific, 6);

    public static SvidCheck Check(X509Certificate2 leaf)
    {
        try
        {
            if (!Validity.IsReadable(leaf))
                return new SvidCheck(SvidFault.Malformed, null, "The certificate's validity cannot be read.");
            var check = CheckName(leaf);
            if (!check.IsValid)
                return check;
            var (fault, detail) = CheckUsage(leaf);
            return check with { Fault = fault, Detail = detail };
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return new SvidCheck(SvidFault.Malformed, null, "An extension of the certificate cannot be read.");
        }
    }

    private static SvidCheck CheckName(X509Certificate2 leaf)
    {
        var names = leaf.Extensions.Where(extension => extension.Oid?.Value == SubjectAlternativeName).ToArray();
        if (names.Length > 1)
            return new SvidCheck(SvidFault.Malformed, null, "The certificate has more than one subject alternative name extension.");
        var uris = names.Length == 0 ? [] : ReadUris(names[0].RawData);
        return uris.Count switch
        {
            0 => new SvidCheck(SvidFault.NoUriSan, null, "The certificate names no SPIFFE ID."),
            1 => CheckUri(uris[0].Span),
            _ => new SvidCheck(SvidFault.SeveralUriSans, null, $"The certificate names {uris.Count} URIs, an SVID exactly one."),
        };
    }

    private static SvidCheck CheckUri(ReadOnlySpan<byte> uri)
    {
        if (!SpiffeId.TryParse(uri, out var id, out var error))
            return new SvidCheck(SvidFault.BadSpiffeId, null, $"The certificate's URI is not a SPIFFE ID: {error}.");
        return id.Path.Length == 0
            ? new SvidCheck(SvidFault.RootPath, id, $"{id} is a trust domain, not a workload.")
            : new SvidCheck(SvidFault.None, id, "");
    }

    private static List<ReadOnlyMemory<byte>> ReadUris(byte[] extension)
    {
        var uris = new List<ReadOnlyMemory<byte>>(1);
        var reader = new AsnReader(extension, AsnEncodingRules.DER);
        var names = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        while (names.HasData)
        {
            if (!names.PeekTag().HasSameClassAndValue(UriName))
                names.ReadEncodedValue();
            else if (names.TryReadPrimitiveCharacterStringBytes(UriName, out var uri))
                uris.Add(uri);
            else
                throw new AsnContentException();
        }

        return uris;
    }

    private static (SvidFault Fault, string Detail) CheckUsage(X509Certificate2 leaf)
    {
        if (leaf.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority))
            return (SvidFault.CaLeaf, "The certificate is a certificate authority.");
        var usages = leaf.Extensions.OfType<X509KeyUsageExtension>().ToArray();
        if (usages.Length != 1 || !usages[0].KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature))
            return (SvidFault.BadKeyUsage, "The certificate's key usage lacks digitalSignature.");
        if ((usages[0].KeyUsages & SigningUsages) != 0)
            return (SvidFault.BadKeyUsage, "The certificate's key may sign certificates or revocation lists.");
        return leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().All(AllowsBothSides)
            ? (SvidFault.None, "")
            : (SvidFault.BadExtendedKeyUsage, "The certificate's extended key usage lacks server or client authentication.");
    }

    private static bool AllowsBothSides(X509EnhancedKeyUsageExtension usage)
    {
        var oids = usage.EnhancedKeyUsages.Cast<Oid>().Select(oid => oid.Value).ToArray();
        return oids.Contains(ServerAuthentication) && oids.Contains(ClientAuthentication);
    }
}
