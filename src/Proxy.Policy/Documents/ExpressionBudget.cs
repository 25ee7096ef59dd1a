using System.Buffers;

namespace Proxy.Policy.Documents;

/// <summary>
/// Bounds what the rules about requests of one document cost. An automaton takes about a millisecond and 150 kB: a file that
/// is small enough to be read could hold a core for minutes, and gigabytes. Literals cost nothing and are not counted.
/// </summary>
internal sealed class ExpressionBudget(FaultLog faults)
{
    private const int MaxRules = 1000;
    private static readonly SearchValues<char> Operators = SearchValues.Create(".*+?()[]{}^$\\");

    private int _rules;

    /// <summary>False when the entry goes beyond the limit: its patterns are not to be read.</summary>
    public bool TryCount(ManifestMapping entry)
    {
        if ((entry["rules"] as ManifestMapping)?["http"] is not ManifestSequence http)
            return true;

        _rules += http.Items.OfType<ManifestMapping>().Count(HasExpression);
        if (_rules > MaxRules)
            faults.Add(http, $"more than {MaxRules} rules with regular expressions in one document", "write several documents, or literals");
        return _rules <= MaxRules;
    }

    private static bool HasExpression(ManifestMapping rule) =>
        rule.Entries.Any(entry => entry.Value is ManifestScalar scalar && scalar.Value.AsSpan().ContainsAny(Operators));
}
