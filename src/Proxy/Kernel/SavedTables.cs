namespace Proxy.Kernel;

/// <summary>A rule as iptables-save prints it.</summary>
internal readonly record struct SavedRule(string Table, string Chain, string Line)
{
    /// <summary>Where the rule jumps or goes to; empty: nowhere.</summary>
    public string Target => After(word => word is "-j" or "-g");

    /// <summary>The comment, without quotes; empty: none.</summary>
    public string Comment => After(word => word == "--comment");

    /// <summary>Its comment or, without one, what it says behind its chain.</summary>
    public string Name => Comment is { Length: > 0 } comment ? comment : Line[Math.Min(Line.Length, 4 + Chain.Length)..];

    /// <summary>Which chain of ours a rule of a chain that is not ours leads to, or names in its comment; empty: the rule is not ours.</summary>
    public string Entered => SavedTables.IsOurs(Chain) ? ""
        : SavedTables.IsOurs(Target) ? Target
        : SavedTables.IsOurs(Comment) ? Comment.Split(':')[0] : "";

    /// <summary>The only protocol that the rule is for; empty: several.</summary>
    public string Protocol => Words(Line).Contains("!") ? "" : After(word => word == "-p");

    // A comment is anybody's text and may look like anything, a jump to us included; hence words and not substrings.
    private string After(Predicate<string> option)
    {
        var words = Words(Line);
        var at = words.FindIndex(option);
        return at >= 0 && at + 1 < words.Count ? words[at + 1].Trim('"') : "";
    }

    // What stands in quotes is one word, and keeps them, so that it is no option.
    private static List<string> Words(string? line)
    {
        line ??= "";
        List<string> words = [];
        var start = 0;
        var isQuoted = false;
        for (var i = 0; i <= line.Length; i++)
        {
            if (i < line.Length && line[i] == '"' && (i == 0 || line[i - 1] != '\\'))
                isQuoted = !isQuoted;
            if (i < line.Length && (isQuoted || line[i] != ' '))
                continue;
            words.Add(line[start..i]);
            start = i + 1;
        }
        return words;
    }
}

/// <summary>A chain as iptables-save prints it; the policy is "-" in a chain that is not built in.</summary>
internal readonly record struct SavedChain(string Table, string Name, string Policy);

/// <summary>The output of iptables-save.</summary>
internal sealed class SavedTables
{
    private readonly List<SavedChain> chains = [];
    private readonly List<SavedRule> rules = [];
    private readonly List<string> unreadable = [];

    private SavedTables()
    {
    }

    /// <summary>Nothing at all.</summary>
    public static SavedTables None { get; } = new();

    public IReadOnlyList<SavedChain> Chains => chains;

    /// <summary>Tables that somebody filled by other means than iptables, so that it cannot print them.</summary>
    public IReadOnlyList<string> Unreadable => unreadable;

    /// <summary>Our chains, whichever version made them.</summary>
    public IEnumerable<SavedChain> OurChains => chains.Where(chain => IsOurs(chain.Name));

    /// <summary>The rules of ours in chains that are not.</summary>
    public IEnumerable<SavedRule> Entries => rules.Where(rule => rule.Entered.Length > 0);

    /// <summary>Whether a rule is of <see cref="Entries"/> and its chain there: a comment alone may name any.</summary>
    public bool IsEntry(SavedRule rule) => chains.Exists(chain => chain.Table == rule.Table && chain.Name == rule.Entered);

    /// <summary>Whether the ways into a chain of ours are as they should be: before every foreign rule, since one that accepts would end the hook before ours is asked.</summary>
    public bool HasEntriesOf(CaptureChain chain) =>
        RulesOf(chain.Table, chain.Hook!).Select(rule => rule.Line).Take(chain.Entries.Count).SequenceEqual(chain.EntryLines)
        && Entries.Count(entry => entry.Table == chain.Table && entry.Entered == chain.Name) == chain.Entries.Count;

    /// <summary>
    /// Whether all go into a chain of ours who should, wherever in its hook the ways in stand: by its entries, or by the
    /// one without a condition that earlier versions made.
    /// </summary>
    public bool IsEntered(CaptureChain chain)
    {
        var lines = RulesOf(chain.Table, chain.Hook!).Select(rule => rule.Line).ToHashSet();
        return lines.Contains($"-A {chain.Hook} -j {chain.Name}") || lines.IsSupersetOf(chain.EntryLines);
    }

    public IEnumerable<SavedRule> RulesOf(string table, string chain) => rules.Where(rule => rule.Table == table && rule.Chain == chain);

    public static SavedTables Parse(IEnumerable<string> lines)
    {
        var saved = new SavedTables();
        var table = "";
        foreach (var line in lines)
        {
            var words = line.Split(' ');
            if (line.StartsWith('*'))
                table = line[1..].Trim();
            else if (line.StartsWith(':') && words.Length > 1)
                saved.chains.Add(new SavedChain(table, words[0][1..], words[1]));
            else if (line.StartsWith("-A ", StringComparison.Ordinal))
                saved.rules.Add(new SavedRule(table, words[1], line.TrimEnd()));
            else if (line.Contains(" is incompatible, use 'nft'", StringComparison.Ordinal))
                saved.unreadable.Add(line.Split('`', '\'')[1]);
        }
        return saved;
    }

    public static bool IsOurs(string name) => name.StartsWith(CaptureRuleSet.Prefix, StringComparison.Ordinal);
}
