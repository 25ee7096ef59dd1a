namespace Proxy.Policy.Labels;

/// <summary>What a requirement asks of a label.</summary>
internal enum LabelOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// <summary>Chooses workloads by their labels: every requirement must hold; none chooses everything.</summary>
public sealed class LabelSelector
{
    private readonly LabelRequirement[] _requirements;

    internal LabelSelector(IEnumerable<LabelRequirement> requirements) => _requirements = [.. requirements];

    internal IReadOnlyList<LabelRequirement> Requirements => _requirements;

    /// <summary>Whether the labels meet every requirement.</summary>
    public bool Matches(LabelSet labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        foreach (var requirement in _requirements)
        {
            if (!requirement.IsMetBy(labels))
                return false;
        }

        return true;
    }

    /// <summary>The requirements, separated by commas; <c>{}</c> when there is none.</summary>
    public override string ToString() =>
        _requirements.Length == 0 ? "{}" : string.Join(',', _requirements.Select(requirement => requirement.ToString()));
}

/// <summary>One condition on one label key.</summary>
internal sealed record LabelRequirement(string Source, string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    public static LabelRequirement Equal(string source, string key, string value) =>
        new(source, key, LabelOperator.In, [value]);

    /// <summary>NotIn and DoesNotExist hold for an absent key; a key in several sources counts once for each.</summary>
    public bool IsMetBy(LabelSet labels)
    {
        var found = false;
        var contained = false;
        foreach (var label in labels.Labels)
        {
            if (label.Key != Key || (Source != LabelSet.AnySource && label.Source != Source))
                continue;

            found = true;
            contained |= Values.Contains(label.Value);
        }

        return Operator switch
        {
            LabelOperator.In => contained,
            LabelOperator.NotIn => !contained,
            LabelOperator.Exists => found,
            _ => !found,
        };
    }

    public override string ToString() => Operator switch
    {
        LabelOperator.In => $"{Source}:{Key} in ({string.Join(',', Values)})",
        LabelOperator.NotIn => $"{Source}:{Key} not in ({string.Join(',', Values)})",
        LabelOperator.Exists => $"{Source}:{Key}",
        _ => $"!{Source}:{Key}",
    };
}
