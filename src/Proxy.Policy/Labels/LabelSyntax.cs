using System.Collections.Frozen;

namespace Proxy.Policy.Labels;

/// <summary>How label keys and values are written in selectors.</summary>
internal static class LabelSyntax
{
    private const int MaxName = 63;
    private const int MaxPrefix = 253;

    private static readonly FrozenSet<string> Sources =
        new[] { LabelSet.KubernetesSource, LabelSet.ReservedSource, LabelSet.AnySource }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Splits <c>source:name</c> at the first colon; no source means any.</summary>
    public static bool TrySplit(string text, out string source, out string name, out string fault)
    {
        var colon = text.IndexOf(':');
        source = colon < 0 ? LabelSet.AnySource : text[..colon];
        name = text[(colon + 1)..];
        fault = "";
        if (!Sources.Contains(source))
            fault = "the label source is not supported: write k8s:, reserved:, any: or none";
        else if (!IsKey(name))
            fault = "not a label key: an optional DNS prefix and '/', then at most 63 letters, digits, '-', '_', '.'";
        return fault.Length == 0;
    }

    /// <summary>A Kubernetes label value; empty is one.</summary>
    public static bool IsValue(string text) => text.Length == 0 || IsName(text);

    // Namespace labels are keys below a prefix that is no DNS name with one slash, hence the two halves.
    private static bool IsKey(string text)
    {
        var slash = text.IndexOf('/');
        return slash < 0 ? IsName(text, MaxPrefix) : IsName(text[..slash], MaxPrefix) && IsName(text[(slash + 1)..]);
    }

    private static bool IsName(string text, int longest = MaxName) =>
        text.Length > 0
        && text.Length <= longest
        && char.IsAsciiLetterOrDigit(text[0])
        && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
