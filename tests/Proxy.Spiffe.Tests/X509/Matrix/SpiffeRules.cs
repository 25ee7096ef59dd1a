using System.Formats.Asn1;
using System.Text;
using System.Text.RegularExpressions;

namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>
/// SPIFFE's rules about a leaf (X509-SVID sections 2 to 5, SPIFFE-ID section 2), read from the certificate's bytes
/// and written without a look at the product: a second opinion.
/// </summary>
internal static partial class SpiffeRules
{
    private static readonly Asn1Tag Extensions = new(TagClass.ContextSpecific, 3);
    private static readonly Asn1Tag Uri = new(TagClass.ContextSpecific, 6);

    /// <summary>The trust domain of the ID that the leaf may prove, or null where it may prove none.</summary>
    public static string? TrustDomainOf(byte[] leaf)
    {
        try
        {
            var extensions = Read(leaf);
            return MaySign(extensions) || !HasUsages(extensions) ? null : DomainOf(extensions);
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException)
        {
            return null;
        }
    }

    private static string? DomainOf(Dictionary<string, byte[]> extensions)
    {
        if (!extensions.TryGetValue("2.5.29.17", out var names))
            return null;
        var uris = new List<string>();
        for (var reader = new AsnReader(names, AsnEncodingRules.DER).ReadSequence(); reader.HasData;)
        {
            if (reader.PeekTag() == Uri)
                uris.Add(Encoding.Latin1.GetString(reader.ReadOctetString(Uri)));
            else
                reader.ReadEncodedValue();
        }

        if (uris is not [{ Length: <= 2048 } uri] || Id().Match(uri) is not { Success: true } match)
            return null;
        return match.Groups["path"].Value.Split('/').Any(segment => segment is "." or "..") ? null : match.Groups["domain"].Value;
    }

    // cA, keyCertSign and cRLSign: bits 5 and 6 from the left (RFC 5280 §4.2.1.3).
    private static bool MaySign(Dictionary<string, byte[]> extensions)
    {
        if (extensions.TryGetValue("2.5.29.19", out var constraints))
        {
            var reader = new AsnReader(constraints, AsnEncodingRules.DER).ReadSequence();
            if (reader.HasData && reader.PeekTag() == Asn1Tag.Boolean && reader.ReadBoolean())
                return true;
        }

        return extensions.TryGetValue("2.5.29.15", out var usage) && (FirstByteOf(usage) & 0b0000_0110) != 0;
    }

    // digitalSignature; and where there is an extended key usage, it has both sides.
    private static bool HasUsages(Dictionary<string, byte[]> extensions)
    {
        if (!extensions.TryGetValue("2.5.29.15", out var usage) || (FirstByteOf(usage) & 0b1000_0000) == 0)
            return false;
        if (!extensions.TryGetValue("2.5.29.37", out var extended))
            return true;
        var usages = new List<string>();
        for (var reader = new AsnReader(extended, AsnEncodingRules.DER).ReadSequence(); reader.HasData;)
            usages.Add(reader.ReadObjectIdentifier());
        return usages.Contains("1.3.6.1.5.5.7.3.1") && usages.Contains("1.3.6.1.5.5.7.3.2");
    }

    private static byte FirstByteOf(byte[] usage) => new AsnReader(usage, AsnEncodingRules.DER).ReadBitString(out _) is [var first, ..] ? first : (byte)0;

    // An extension that is there twice is no extension: the dictionary throws.
    private static Dictionary<string, byte[]> Read(byte[] leaf)
    {
        var signed = new AsnReader(leaf, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        var read = new Dictionary<string, byte[]>();
        while (signed.HasData)
        {
            if (signed.PeekTag().HasSameClassAndValue(Extensions))
            {
                for (var list = signed.ReadSequence(Extensions).ReadSequence(); list.HasData;)
                    Add(list.ReadSequence(), read);
            }
            else
            {
                signed.ReadEncodedValue();
            }
        }

        return read;
    }

    private static void Add(AsnReader extension, Dictionary<string, byte[]> read)
    {
        var oid = extension.ReadObjectIdentifier();
        if (extension.PeekTag() == Asn1Tag.Boolean)
            extension.ReadBoolean();
        read.Add(oid, extension.ReadOctetString());
    }

    [GeneratedRegex(@"\Aspiffe://(?<domain>[a-z0-9._-]{1,255})(?<path>(?:/[a-zA-Z0-9._-]+)+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Id();
}
