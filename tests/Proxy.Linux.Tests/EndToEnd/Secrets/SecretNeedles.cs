using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Proxy.Linux.Tests.EndToEnd.Secrets;

/// <summary>A private key in all the forms in which it could have got into a text: as bytes, in hexadecimal, in base64.</summary>
internal sealed class SecretNeedles
{
    // Shorter pieces of base64 come up by chance.
    private const int ShortestPiece = 24;

    private readonly List<(string Form, byte[] Bytes)> _needles = [];

    public SecretNeedles(string name, ECDsa key)
    {
        var parameters = key.ExportParameters(includePrivateParameters: true);
        Add($"{name}, the scalar", parameters.D!);
        Add($"{name}, PKCS#8", key.ExportPkcs8PrivateKey());
        Add($"{name}, SEC 1", key.ExportECPrivateKey());
    }

    /// <summary>Every form that the text holds.</summary>
    public IEnumerable<string> FindIn(ReadOnlyMemory<byte> text) =>
        _needles.Where(needle => text.Span.IndexOf(needle.Bytes) >= 0).Select(needle => needle.Form);

    private void Add(string what, byte[] secret)
    {
        _needles.Add(($"{what} as bytes", secret));
        AddText($"{what} in hexadecimal", Convert.ToHexString(secret));
        AddText($"{what} in hexadecimal, lower case", Convert.ToHexStringLower(secret));
        AddText($"{what} in hexadecimal, with colons", BitConverter.ToString(secret).Replace('-', ':'));
        AddText($"{what} in hexadecimal, with dashes", BitConverter.ToString(secret));
        for (var before = 0; before < 3; before++)
        {
            AddText($"{what} in base64, {before} bytes behind", Inner(Convert.ToBase64String([.. new byte[before], .. secret]), before));
            AddText($"{what} in base64 for URLs, {before} bytes behind", Inner(Base64Url.EncodeToString([.. new byte[before], .. secret]), before));
        }
    }

    // What stands before and behind the secret changes the first and last characters; in PEM a line has 64.
    private static string Inner(string encoded, int before)
    {
        var inner = encoded.TrimEnd('=')[(before == 0 ? 0 : 4)..^4];
        return inner.Length > 48 ? inner[..48] : inner;
    }

    private void AddText(string form, string text)
    {
        Assert.True(text.Length >= ShortestPiece, form);
        _needles.Add((form, Encoding.ASCII.GetBytes(text)));
    }
}
