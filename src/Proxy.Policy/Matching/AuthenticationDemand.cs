namespace Proxy.Policy.Matching;

/// <summary>
/// What the rules that cover a connection demand together: the strongest demand that no more specific rule lifts with an
/// explicit <c>disabled</c>. Silent rules inherit, also where Cilium lets a demand get lost between a plain rule for
/// every peer and an HTTP rule for one.
/// </summary>
internal readonly record struct AuthenticationDemand(AuthenticationMode Mode, IReadOnlyList<CompiledRule> Rules)
{
    /// <summary>The demand, and the rules that make it: not those whose demand is lifted, nor weaker ones.</summary>
    public static AuthenticationDemand Of(in ConnectionFacts facts, IReadOnlyList<CompiledRule> covering)
    {
        var entries = EntriesOf(facts, covering);
        if (entries.Count == 0)
            return new AuthenticationDemand(AuthenticationMode.None, []);

        var holding = entries.FindAll(entry => entry.Mode > AuthenticationMode.Disabled && !entries.Exists(other => other.Lifts(entry)));
        var strongest = holding.Count == 0 ? AuthenticationMode.Disabled : holding.Max(entry => entry.Mode);
        return new AuthenticationDemand(strongest, [.. holding.Where(entry => entry.Mode == strongest).Select(entry => entry.Rule)]);
    }

    private static List<Entry> EntriesOf(in ConnectionFacts facts, IReadOnlyList<CompiledRule> covering)
    {
        List<Entry> entries = [];
        var at = PortSpan.At(facts.Protocol, facts.Port);
        foreach (var rule in covering)
        {
            if (rule.Rule.Authentication == AuthenticationMode.None)
                continue;

            if (rule.Rule.Ports.IsAny)
                entries.Add(new Entry(rule, PortSpan.Every));
            foreach (var entry in rule.Rule.Ports.Entries)
            {
                if (PortSpan.Of(entry, facts.ServerPorts) is { } span && span.Contains(at))
                    entries.Add(new Entry(rule, span));
            }
        }

        return entries;
    }

    private readonly record struct Entry(CompiledRule Rule, PortSpan Ports)
    {
        public AuthenticationMode Mode => Rule.Rule.Authentication;

        private bool IsWide => Rule.Peers.IsWide;

        // More specific in one respect, and not less so in the other.
        public bool Lifts(Entry other) =>
            Mode == AuthenticationMode.Disabled
            && other.Ports.Contains(Ports)
            && (!IsWide || other.IsWide)
            && (IsWide != other.IsWide || Ports != other.Ports);
    }
}
