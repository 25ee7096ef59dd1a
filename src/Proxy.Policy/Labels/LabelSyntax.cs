using System.Collections.Frozen;

namespace Proxy.Policy.Labels;

/// <summary>How label keys and values are written in selectors.</summary>
internal static class LabelSyntax
{
    /// <summary>In selectors of CIDR groups: the labels of the group.</summary>
    public const string CidrGroupSource = "cidrgroup";

    private const int MaxName = 63;
    private const int MaxPrefix = 253;
    private const string PlainFault =
        "not a label key: an optional DNS prefix and '/', then at most 63 letters, digits, '-', '_', '.'";

    // Labels of most of these are given to nothing here; a selector that asks for one chooses nobody, as it should.
    private static readonly FrozenSet<string> Sources = new[]
    {
        LabelSet.KubernetesSource, LabelSet.ReservedSource, LabelSet.AnySource, CidrGroupSource, "cidr", "fqdn", "node", "cni",
        "gen", "unspec",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Splits <c>source:name</c> at the first colon; no source means any.</summary>
    public static bool TrySplit(string text, out string source, out string name, out string fault)
    {
        var colon = text.IndexOf(':');
        source = colon < 0 ? LabelSet.AnySource : text[..colon];
        name = text[(colon + 1)..];
        fault = "";
        if (!Sources.Contains(source))
            fault = "not a label source: write k8s:, reserved:, any: or none";
        else if (!IsKey(name))
            fault = PlainFault;
        return fault.Length == 0;
    }

    /// <summary>A key of a Kubernetes object, which has no source: the label of a pod.</summary>
    public static bool TryPlain(string text, out string source, out string name, out string fault)
    {
        source = LabelSet.KubernetesSource;
        name = text;
        fault = IsPlainKey(text) ? "" : PlainFault;
        return fault.Length == 0;
    }

    /// <summary>A key of a namespace's labels, as the identities of its pods hold it.</summary>
    public static bool TryOfNamespace(string text, out string source, out string name, out string fault)
    {
        var isKey = TryPlain(text, out source, out _, out fault);
        name = WellKnownLabels.NamespaceLabelPrefix + text;
        return isKey;
    }

    /// <summary>A key of the labels of a Service or a CIDR group, whatever source is written before it.</summary>
    public static bool TryOfObject(string text, out string source, out string name, out string fault)
    {
        var isKey = TrySplit(text, out source, out name, out fault);
        if (source is LabelSet.AnySource or CidrGroupSource)
            source = LabelSet.KubernetesSource;
        return isKey;
    }

    /// <summary>A Kubernetes label value; empty is one.</summary>
    public static bool IsValue(string text) => text.Length == 0 || IsName(text);

    /// <summary>Lower-case letters, digits and <c>-</c>, and <c>.</c> where it is allowed.</summary>
    public static bool IsDnsName(string text, int longest, bool allowDots) =>
        text.Length > 0
        && text.Length <= longest
        && IsLowerOrDigit(text[0])
        && IsLowerOrDigit(text[^1])
        && text.All(c => IsLowerOrDigit(c) || c == '-' || (allowDots && c == '.'));

    private static bool IsLowerOrDigit(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);

    // Namespace labels are keys below a prefix that is no DNS name with one slash, hence the two halves.
    private static bool IsKey(string text)
    {
        var slash = text.IndexOf('/');
        return slash < 0 ? IsName(text, MaxPrefix) : IsName(text[..slash], MaxPrefix) && IsName(text[(slash + 1)..]);
    }

    private static bool IsPlainKey(string text)
    {
        var slash = text.IndexOf('/');
        return slash < 0 ? IsName(text) : IsDnsName(text[..slash], MaxPrefix, allowDots: true) && IsName(text[(slash + 1)..]);
    }

    private static bool IsName(string text, int longest = MaxName) =>
        text.Length > 0
        && text.Length <= longest
        && char.IsAsciiLetterOrDigit(text[0])
        && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
