using System.Collections.Frozen;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Documents;

/// <summary>Reads selectors and ties them to the namespace of their policy, as Cilium does.</summary>
internal sealed class SelectorReading(string @namespace, FaultLog faults)
{
    private static readonly FrozenDictionary<string, LabelOperator> Operators = new Dictionary<string, LabelOperator>
    {
        ["In"] = LabelOperator.In,
        ["NotIn"] = LabelOperator.NotIn,
        ["Exists"] = LabelOperator.Exists,
        ["DoesNotExist"] = LabelOperator.DoesNotExist,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Everything in the policy's namespace.</summary>
    public LabelSelector WholeNamespace => new([OwnNamespace]);

    private LabelRequirement OwnNamespace =>
        LabelRequirement.Equal(LabelSet.KubernetesSource, WellKnownLabels.Namespace, @namespace);

    /// <summary>Whom a policy governs: always in its own namespace, whatever namespace the selector names.</summary>
    public LabelSelector ReadSubject(ManifestNode node) =>
        new(ReadRequirements(node).Where(requirement => !NamesNamespace(requirement)).Append(OwnNamespace));

    /// <summary>The selector as it stands, in every namespace.</summary>
    public LabelSelector ReadAnywhere(ManifestNode node) => new(ReadRequirements(node));

    /// <summary>A peer: in the policy's namespace, unless the selector speaks of namespaces or reserved names itself.</summary>
    public LabelSelector ReadPeer(ManifestNode node)
    {
        var requirements = ReadRequirements(node);
        return new(requirements.Any(LeavesNamespace) ? requirements : requirements.Append(OwnNamespace));
    }

    private static bool NamesNamespace(LabelRequirement requirement) =>
        requirement is { Key: WellKnownLabels.Namespace, Source: LabelSet.KubernetesSource or LabelSet.AnySource };

    private static bool LeavesNamespace(LabelRequirement requirement) =>
        NamesNamespace(requirement)
        || requirement.Source == LabelSet.ReservedSource
        || requirement.Key.StartsWith(WellKnownLabels.NamespaceLabelPrefix, StringComparison.Ordinal);

    private List<LabelRequirement> ReadRequirements(ManifestNode node)
    {
        var requirements = new List<LabelRequirement>();
        if (node.AsMapping(faults) is not { } selector)
            return requirements;

        KeySchema.Selector.Check(selector, faults);
        if (selector.FindGiven("matchLabels", faults)?.AsMapping(faults) is { } labels)
            ReadLabels(labels, requirements);

        foreach (var expression in selector.FindGiven("matchExpressions", faults)?.AsItems(faults) ?? [])
            ReadExpression(expression, requirements);
        return requirements;
    }

    private void ReadLabels(ManifestMapping labels, List<LabelRequirement> requirements)
    {
        foreach (var (key, value) in labels.Entries)
        {
            if (ReadKey(key, key.Value) is var (source, name) && ReadValue(value) is { } text)
                requirements.Add(LabelRequirement.Equal(source, name, text));
        }
    }

    private void ReadExpression(ManifestNode node, List<LabelRequirement> requirements)
    {
        if (node.AsMapping(faults) is not { } expression)
            return;

        KeySchema.Expression.Check(expression, faults);
        if (expression.Find("key") is not { } key || expression.Find("operator") is not { } word)
            faults.Add(node, "an expression needs a key and an operator");
        else if (key.AsText(faults) is { } text && ReadKey(key, text) is var (source, name)
            && word.TryAsWord(faults, Operators, out var @operator))
            requirements.Add(new(source, name, @operator, ReadValues(expression, @operator)));
    }

    private string[] ReadValues(ManifestMapping expression, LabelOperator @operator)
    {
        var items = expression.Find("values")?.AsItems(faults) ?? [];
        var needsValues = @operator is LabelOperator.In or LabelOperator.NotIn;
        if (needsValues != items.Count > 0)
            faults.Add(expression, needsValues ? "the operator needs values" : "the operator takes no values");

        return [.. items.Select(ReadValue).OfType<string>()];
    }

    private (string Source, string Name)? ReadKey(ManifestNode at, string text)
    {
        if (LabelSyntax.TrySplit(text, out var source, out var name, out var fault))
            return (source, name);

        faults.Add(at, fault);
        return null;
    }

    private string? ReadValue(ManifestNode node)
    {
        if (node.AsText(faults) is not { } value)
            return null;

        if (LabelSyntax.IsValue(value))
            return value;

        faults.Add(node, "not a label value: at most 63 letters, digits, '-', '_', '.', with a letter or digit at both ends");
        return null;
    }
}
