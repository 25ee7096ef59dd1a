using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Proxy.Spiffe.X509;

/// <summary>The keys of a SPIFFE bundle that are for X.509-SVIDs, to and from JWK (RFC 7517 §4, RFC 7518 §6).</summary>
internal static class BundleKeys
{
    private const string Use = "x509-svid";
    private static readonly string[] KnownTypes = ["EC", "RSA", "OKP"];

    /// <summary>False when a key that counts has a certificate that is none.</summary>
    public static bool TryRead(JsonElement keys, out List<X509Certificate2> roots)
    {
        roots = [];
        foreach (var key in keys.EnumerateArray())
        {
            if (FindCertificate(key) is not { } encoded)
                continue;
            if (encoded.ValueKind != JsonValueKind.String || !encoded.TryGetBytesFromBase64(out var der) || !DerSequence.TryLoad(der, out var certificate))
                return false;
            roots.Add(certificate);
        }

        return true;
    }

    /// <summary>The JWK of one root; the parameters of keys other than of curves and RSA are left to the certificate.</summary>
    public static void Write(Utf8JsonWriter json, X509Certificate2 root)
    {
        json.WriteStartObject();
        if (!TryWriteKey(json, root))
            json.WriteString("kty", "OKP");
        json.WriteString("use", Use);
        json.WriteStartArray("x5c");
        json.WriteBase64StringValue(root.RawDataMemory.Span);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // A certificate can be read whose key cannot; it verifies nothing, and says so itself.
    private static bool TryWriteKey(Utf8JsonWriter json, X509Certificate2 root)
    {
        try
        {
            using var curve = root.GetECDsaPublicKey();
            using var rsa = root.GetRSAPublicKey();
            if (curve is not null)
                Write(json, curve.ExportParameters(false));
            else if (rsa is not null)
                Write(json, rsa.ExportParameters(false));
            return curve is not null || rsa is not null;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    // Only the first certificate counts (SPIFFE Trust Domain and Bundle, section 4.2.2).
    private static JsonElement? FindCertificate(JsonElement key)
    {
        if (key.ValueKind != JsonValueKind.Object || !Says(key, "use", Use) || !KnownTypes.Any(type => Says(key, "kty", type)))
            return null;
        if (!key.TryGetProperty("x5c", out var chain) || chain.ValueKind != JsonValueKind.Array || chain.GetArrayLength() == 0)
            return null;
        return chain[0];
    }

    private static bool Says(JsonElement key, string name, string text) =>
        key.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.ValueEquals(text);

    private static void Write(Utf8JsonWriter json, ECParameters key)
    {
        json.WriteString("kty", "EC");
        json.WriteString("crv", CurveName(key.Q.X!.Length));
        json.WriteString("x", Base64Url(key.Q.X));
        json.WriteString("y", Base64Url(key.Q.Y!));
    }

    private static void Write(Utf8JsonWriter json, RSAParameters key)
    {
        json.WriteString("kty", "RSA");
        json.WriteString("n", Base64Url(key.Modulus!));
        json.WriteString("e", Base64Url(key.Exponent!));
    }

    // By the bytes of a coordinate: RFC 7518 §6.2.1.1.
    private static string CurveName(int coordinateLength) => coordinateLength switch
    {
        32 => "P-256",
        48 => "P-384",
        _ => "P-521",
    };

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
