namespace Proxy.Policy.Documents;

/// <summary>Names of ports, RFC 6335 section 5.1: letters, digits and single hyphens between them, with a letter.</summary>
internal static class PortName
{
    private const int MaxLength = 15;

    public static bool Is(string text) =>
        text.Length is > 0 and <= MaxLength
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        && text.Any(char.IsAsciiLetter)
        && text[0] != '-'
        && text[^1] != '-'
        && !text.Contains("--", StringComparison.Ordinal);
}
