using System.Security.Cryptography.X509Certificates;
using System.Text;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;

namespace Proxy.Commands.Identities;

/// <summary>Files of bundles and certificates that an option names.</summary>
internal static class BundleFile
{
    /// <summary>A bundle: a SPIFFE bundle as JSON, or certificates in PEM.</summary>
    /// <exception cref="IOException">The file cannot be read, or holds no bundle.</exception>
    public static TrustBundle Read(string option, string path, TrustDomain domain)
    {
        var text = ReadText(option, path);
        if (text.AsSpan().TrimStart() is not ['{', ..])
            return new TrustBundle(domain, ParseCertificates(option, path, text));
        return BundleDocument.TryParse(domain, Encoding.UTF8.GetBytes(text), out var document, out var error)
            ? document.Bundle
            : throw new IOException($"{option}: {path}: {error}");
    }

    /// <summary>Certificates in PEM, at least one.</summary>
    /// <exception cref="IOException">The file cannot be read, or holds something else.</exception>
    public static List<X509Certificate2> ReadCertificates(string option, string path) => ParseCertificates(option, path, ReadText(option, path));

    private static List<X509Certificate2> ParseCertificates(string option, string path, string text) =>
        PemText.TryLoadCertificates(text, out var certificates, out var error) ? certificates : throw new IOException($"{option}: {path}: {error}");

    private static string ReadText(string option, string path)
    {
        try
        {
            return new FileInfo(path).Length <= BundleDocument.MaximumLength
                ? File.ReadAllText(path)
                : throw new IOException($"{option}: {path} is larger than {BundleDocument.MaximumLength} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{option}: {e.Message}");
        }
    }
}
