namespace Proxy.Cluster;

/// <summary>What Kubernetes accepts as a label.</summary>
internal static class LabelForm
{
    private const int Longest = 63;

    /// <summary>A name, behind a DNS subdomain and a slash if there is one.</summary>
    public static bool IsKey(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? IsName(text) : ObjectName.IsValid(text[..slash]) && IsName(text[(slash + 1)..]);
    }

    /// <summary>A name, or nothing.</summary>
    public static bool IsValue(string text) => text.Length == 0 || IsName(text);

    private static bool IsName(string text) =>
        text.Length is > 0 and <= Longest
        && char.IsAsciiLetterOrDigit(text[0])
        && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
