using System.Security.Cryptography.X509Certificates;
using System.Text;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;

namespace Proxy.Commands.Identities;

/// <summary>Files of bundles and certificates that the command line names.</summary>
internal static class BundleFile
{
    private const byte DerSequenceTag = 0x30;
    private const byte DerLongLength = 0x80;

    /// <summary>A bundle: a SPIFFE bundle as JSON, or certificates in PEM or DER.</summary>
    /// <param name="option">What names the file; told with every fault.</param>
    /// <param name="path">The file.</param>
    /// <param name="domain">Whose bundle it is.</param>
    /// <exception cref="IOException">The file cannot be read, or holds no bundle.</exception>
    public static TrustBundle Read(string option, string path, TrustDomain domain)
    {
        var content = ReadBytes(option, path);
        if (content.Span.TrimStart(" \t\r\n"u8) is not [(byte)'{', ..])
            return new TrustBundle(domain, ParseCertificates(option, path, content.Span));
        return BundleDocument.TryParse(domain, content, out var document, out var error)
            ? document.Bundle
            : throw new IOException($"{option}: {path}: {error}");
    }

    /// <summary>Certificates in PEM, or in DER one directly after the other; at least one.</summary>
    /// <param name="option">What names the file; told with every fault.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be read, or holds something else.</exception>
    public static List<X509Certificate2> ReadCertificates(string option, string path) => ParseCertificates(option, path, ReadBytes(option, path).Span);

    private static List<X509Certificate2> ParseCertificates(string option, string path, ReadOnlySpan<byte> content)
    {
        // No text begins like that: its second byte would be none of ASCII.
        if (content is [DerSequenceTag, >= DerLongLength, ..])
        {
            return DerSequence.TryLoadAll(content, out var read)
                ? read
                : throw new IOException($"{option}: {path}: This is not DER of certificates and nothing else.");
        }

        return PemText.TryLoadCertificates(Encoding.UTF8.GetString(content), out var certificates, out var error)
            ? certificates
            : throw new IOException($"{option}: {path}: {error}");
    }

    private static ReadOnlyMemory<byte> ReadBytes(string option, string path)
    {
        try
        {
            if (new FileInfo(path).Length > BundleDocument.MaximumLength)
                throw new IOException($"{path} is larger than {BundleDocument.MaximumLength} bytes");
            var content = File.ReadAllBytes(path);
            return content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? content.AsMemory(Encoding.UTF8.Preamble.Length) : content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{option}: {e.Message}", e);
        }
    }
}
