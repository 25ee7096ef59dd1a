namespace Proxy.Telemetry.Filters;

/// <summary>
/// A Kubernetes label selector in text: requirements joined by commas. A key may name its source
/// ("k8s:app"); without one it is looked up in all sources.
/// </summary>
internal sealed class LabelPattern
{
    private const int Limit = 4096;

    private readonly LabelRequirement[] _requirements;

    private LabelPattern(LabelRequirement[] requirements) => _requirements = requirements;

    public static LabelPattern Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Length > Limit)
            throw new FilterFault($"empty or overlong label selector '{text}'");
        return new LabelPattern([.. Split(text).Select(part => LabelRequirement.Parse(part.Trim(), text))]);
    }

    /// <summary>Whether labels in the form "source:key=value" meet every requirement.</summary>
    public bool Matches(IReadOnlyCollection<string> labels) =>
        Array.TrueForAll(_requirements, requirement => requirement.Matches(labels));

    /// <summary>Splits at commas, but not at those of a value list.</summary>
    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var start = 0;
        var isInList = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '(' or ')')
                isInList = text[i] == '(';
            if (text[i] != ',' || isInList)
                continue;
            parts.Add(text[start..i]);
            start = i + 1;
        }

        parts.Add(text[start..]);
        return parts;
    }
}
