using System.Globalization;

namespace Proxy.Kernel;

/// <summary>What others have in a pod's namespace where captured packets pass. It is left alone, and said.</summary>
internal static class ForeignRules
{
    private const int MostLines = 12;
    private const int LongestRule = 120;

    private static readonly (string Table, string[] Hooks)[] Passed =
    [
        ("raw", ["PREROUTING", "OUTPUT"]),
        ("mangle", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
        ("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
        ("filter", ["INPUT", "OUTPUT"]),
    ];

    /// <summary>One line for each thing that may disturb, and one for the number of the rest; never more than a dozen and two.</summary>
    public static IReadOnlyList<string> Lines(CaptureFindings found, CaptureOptions options)
    {
        List<string> lines = [.. UnreadableTables(found)];
        var rest = 0;
        foreach (var (program, tables) in Sources(found))
        {
            lines.AddRange(Policies(program, tables));
            foreach (var rule in RulesPassed(tables))
            {
                if (Effect(rule, options) is { } effect)
                    lines.Add($"{program} -t {rule.Table} {rule.Chain}: \"{Shorten(rule)}\" {effect}");
                else
                    rest++;
            }
        }
        lines.AddRange(Others(found));
        return Bound(lines, rest);
    }

    /// <summary>Tables that capture uses and iptables cannot print; what is ours in them works and is not seen.</summary>
    public static IEnumerable<string> UnreadableTables(CaptureFindings found) =>
        from source in Sources(found)
        from table in source.Tables.Unreadable
        where table is "raw" or "mangle" or "filter"
        select $"{source.Program} -t {table}: somebody filled the table with nft, so that iptables cannot show it";

    private static IEnumerable<(string Program, SavedTables Tables)> Sources(CaptureFindings found)
    {
        foreach (var family in found.Families)
        {
            yield return (found.Iptables.Command(family), found[family].Tables);
            if (found.Other is { } other)
                yield return (other.Command(family), found[family].OtherTables);
        }
    }

    private static IEnumerable<string> Policies(string program, SavedTables tables) =>
        from passed in Passed
        from chain in tables.Chains
        where chain.Table == passed.Table && passed.Hooks.Contains(chain.Name) && chain.Policy == "DROP"
        select $"{program} -t {chain.Table} {chain.Name}: policy DROP also drops what capture lets pass";

    // Those of the hooks, and those of the chains that they lead to.
    private static IEnumerable<SavedRule> RulesPassed(SavedTables tables)
    {
        foreach (var (table, hooks) in Passed)
        {
            Queue<string> waiting = new(hooks);
            HashSet<string> seen = [.. hooks];
            while (waiting.TryDequeue(out var chain))
            {
                foreach (var rule in tables.RulesOf(table, chain).Where(rule => !tables.IsEntry(rule)))
                {
                    if (!tables.Chains.Contains(new SavedChain(table, rule.Target, "-")))
                        yield return rule;
                    else if (seen.Add(rule.Target))
                        waiting.Enqueue(rule.Target);
                }
            }
        }
    }

    /// <summary>What the rule may do to captured packets; null: nothing. One variant's ACCEPT does not end the other's chain, nor ours, which come first.</summary>
    private static string? Effect(in SavedRule rule, CaptureOptions options)
    {
        if (rule.Protocol is not ("" or "tcp"))
            return null;
        if (rule.Table == "nat")
            return rule.Target is "REDIRECT" or "DNAT" ? "does nothing to captured TCP, which is not tracked" : null;
        return rule.Target switch
        {
            "DROP" or "REJECT" => "may drop what capture lets pass",
            "TPROXY" => "may hand captured connections to another proxy",
            "QUEUE" or "NFQUEUE" => "asks another program too",
            "MARK" when OverlapsMask(rule, options) => "changes bits of the mark that are ours; give other marks (--mark-mask)",
            _ => null,
        };
    }

    private static bool OverlapsMask(in SavedRule rule, CaptureOptions options)
    {
        var mask = rule.Line.Split(' ')[^1].Split('/')[^1];
        return !mask.StartsWith("0x", StringComparison.Ordinal)
            || !uint.TryParse(mask.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits)
            || (bits & options.Mask) != 0;
    }

    private static IEnumerable<string> Others(CaptureFindings found)
    {
        foreach (var family in found.Families)
        {
            if (found[family].RulesBeforeOurs.Count > 0)
                yield return $"{family.Name}: routing rules before ours: {Shorten(string.Join("; ", found[family].RulesBeforeOurs))}";
            if (found[family].Unseen.Length > 0)
                yield return found[family].Unseen;
        }
        if (found.NftTables.Count > 0)
            yield return $"nft: tables that iptables does not show: {Shorten(string.Join(", ", found.NftTables))}";
    }

    private static List<string> Bound(List<string> lines, int rest)
    {
        List<string> bounded = [.. lines.Take(MostLines)];
        if (lines.Count > MostLines)
            bounded.Add($"and {lines.Count - MostLines} more like these");
        if (rest > 0)
            bounded.Add($"rules that do nothing to captured TCP: {rest}");
        return bounded;
    }

    private static string Shorten(in SavedRule rule) => Shorten(rule.Line[(rule.Line.IndexOf(rule.Chain, StringComparison.Ordinal) + rule.Chain.Length)..].Trim());

    // Comments are anybody's text, and this goes to a log.
    private static string Shorten(string text)
    {
        var clean = string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
        return clean.Length <= LongestRule ? clean : clean[..LongestRule] + "...";
    }
}
