using System.Text.RegularExpressions;

namespace Proxy.Telemetry.Filters;

/// <summary>One requirement of a selector: <c>key</c>, <c>!key</c>, <c>key=v</c>, <c>key!=v</c>, <c>key in (a,b)</c>, <c>key notin (a,b)</c>.</summary>
internal sealed class LabelRequirement
{
    private static readonly Regex Form = new(
        @"^(?:(?<not>!)\s*(?<key>[\w./:-]+)|(?<key>[\w./:-]+)(?:\s*(?<op>=|==|!=)\s*(?<value>[\w./:-]*)|\s+(?<op>in|notin)\s*\((?<list>[\w./:,\s-]*)\))?)$",
        RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking);

    private readonly string _source;
    private readonly string _key;
    private readonly bool _isNegated;
    private readonly HashSet<string>? _values;

    private LabelRequirement(string key, bool isNegated, HashSet<string>? values)
    {
        var colon = key.IndexOf(':');
        _source = colon < 0 ? "any" : key[..colon];
        _key = key[(colon + 1)..];
        _isNegated = isNegated;
        _values = values;
    }

    public static LabelRequirement Parse(string text, string whole)
    {
        var match = Form.Match(text);
        if (!match.Success)
            throw new FilterFault($"invalid label selector '{whole}': cannot read '{text}'");
        var isNegated = match.Groups["not"].Success || match.Groups["op"].Value is "!=" or "notin";
        return new LabelRequirement(match.Groups["key"].Value, isNegated, Values(match));
    }

    /// <summary>As in Kubernetes, a negated requirement also holds where the key is absent.</summary>
    public bool Matches(IReadOnlyCollection<string> labels) => labels.Any(Fits) != _isNegated;

    private bool Fits(string label)
    {
        var colon = label.IndexOf(':');
        var equals = label.IndexOf('=', colon + 1);
        var key = equals < 0 ? label.AsSpan(colon + 1) : label.AsSpan(colon + 1, equals - colon - 1);
        return (_source == "any" || label.AsSpan(0, Math.Max(colon, 0)).SequenceEqual(_source))
            && key.SequenceEqual(_key)
            && (_values is null || _values.Contains(equals < 0 ? "" : label[(equals + 1)..]));
    }

    private static HashSet<string>? Values(Match match)
    {
        if (match.Groups["value"].Success)
            return [match.Groups["value"].Value];
        if (match.Groups["list"].Success)
            return [.. match.Groups["list"].Value.Split(',', StringSplitOptions.TrimEntries)];
        return null;
    }
}
