using System.Collections.Frozen;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Documents;

/// <summary>How the keys of one kind of selector are read.</summary>
internal delegate bool LabelKeyReader(string text, out string source, out string name, out string fault);

/// <summary>Reads <c>matchLabels</c> and <c>matchExpressions</c>.</summary>
internal sealed class RequirementReading(LabelKeyReader keys, FaultLog faults)
{
    private static readonly FrozenDictionary<string, LabelOperator> Operators = new Dictionary<string, LabelOperator>
    {
        ["In"] = LabelOperator.In,
        ["NotIn"] = LabelOperator.NotIn,
        ["Exists"] = LabelOperator.Exists,
        ["DoesNotExist"] = LabelOperator.DoesNotExist,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The Kubernetes API takes an empty value for an empty selector; elsewhere it is refused.</summary>
    public bool TakesNull { get; init; }

    /// <summary>Told of every key that could be read: where, its source and its name.</summary>
    public Action<ManifestNode, string, string>? Seen { get; init; }

    public List<LabelRequirement> Read(ManifestNode node)
    {
        var requirements = new List<LabelRequirement>();
        if (node.AsMapping(faults) is not { } selector)
            return requirements;

        KeySchema.Selector.Check(selector, faults);
        if (Find(selector, "matchLabels")?.AsMapping(faults) is { } labels)
            ReadLabels(labels, requirements);

        foreach (var expression in Find(selector, "matchExpressions")?.AsItems(faults) ?? [])
            ReadExpression(expression, requirements);
        return requirements;
    }

    private ManifestNode? Find(ManifestMapping selector, string key)
    {
        if (!TakesNull)
            return selector.FindGiven(key, faults);

        if (selector[key] is ManifestScalar { IsNull: true } empty)
            faults.Warn(empty, "an empty value is no condition: it chooses everything", "write '{}' if that is meant");
        return selector.Find(key);
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
        if (!keys(text, out var source, out var name, out var fault))
        {
            faults.Add(at, fault);
            return null;
        }

        Seen?.Invoke(at, source, name);
        return (source, name);
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
