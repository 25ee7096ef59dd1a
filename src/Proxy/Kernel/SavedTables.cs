namespace Proxy.Kernel;

/// <summary>A rule as iptables-save prints it.</summary>
internal readonly record struct SavedRule(string Table, string Chain, string Line)
{
    private const string CommentOption = "--comment ";

    /// <summary>Where the rule jumps or goes to; empty: nowhere.</summary>
    public string Target
    {
        get
        {
            var at = (Line ?? "").LastIndexOf(" -j ", StringComparison.Ordinal);
            return at < 0 ? "" : Line![(at + 4)..].Split(' ')[0];
        }
    }

    /// <summary>The comment, without quotes; empty: none.</summary>
    public string Comment
    {
        get
        {
            var at = Line.IndexOf(CommentOption, StringComparison.Ordinal);
            if (at < 0)
                return "";
            var rest = Line[(at + CommentOption.Length)..];
            return rest.StartsWith('"') ? rest[1..].Split('"')[0] : rest.Split(' ')[0];
        }
    }
}

/// <summary>The output of iptables-save.</summary>
internal sealed class SavedTables(IReadOnlyList<(string Table, string Name)> chains, IReadOnlyList<SavedRule> rules)
{
    /// <summary>Our chains, whichever version made them.</summary>
    public IEnumerable<(string Table, string Name)> OurChains => chains.Where(chain => IsOurs(chain.Name));

    /// <summary>The rules of chains that are not ours that jump to ours.</summary>
    public IEnumerable<SavedRule> JumpsToUs => rules.Where(rule => !IsOurs(rule.Chain) && IsOurs(rule.Target));

    public IEnumerable<SavedRule> RulesOf(string table, string chain) => rules.Where(rule => rule.Table == table && rule.Chain == chain);

    public static SavedTables Parse(IEnumerable<string> lines)
    {
        List<(string, string)> chains = [];
        List<SavedRule> rules = [];
        var table = "";
        foreach (var line in lines)
        {
            if (line.StartsWith('*'))
                table = line[1..].Trim();
            else if (line.StartsWith(':'))
                chains.Add((table, line[1..].Split(' ')[0]));
            else if (line.StartsWith("-A ", StringComparison.Ordinal))
                rules.Add(new SavedRule(table, line.Split(' ')[1], line.TrimEnd()));
        }
        return new SavedTables(chains, rules);
    }

    private static bool IsOurs(string name) => name.StartsWith(CaptureRuleSet.Prefix, StringComparison.Ordinal);
}
