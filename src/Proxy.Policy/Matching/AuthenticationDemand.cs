namespace Proxy.Policy.Matching;

/// <summary>
/// What the rules that cover a connection demand together: the strongest demand that no more specific rule lifts with an
/// explicit <c>disabled</c>. Silent rules inherit, also where Cilium lets a demand get lost between a plain rule for
/// every peer and an HTTP rule for one.
/// </summary>
internal static class AuthenticationDemand
{
    public static AuthenticationMode Of(in ConnectionFacts facts, IReadOnlyList<CompiledRule> covering)
    {
        var entries = EntriesOf(facts, covering);
        if (entries.Count == 0)
            return AuthenticationMode.None;

        var strongest = AuthenticationMode.Disabled;
        foreach (var entry in entries)
        {
            if (entry.Mode > strongest && !entries.Exists(other => other.Lifts(entry)))
                strongest = entry.Mode;
        }

        return strongest;
    }

    private static List<Entry> EntriesOf(in ConnectionFacts facts, IReadOnlyList<CompiledRule> covering)
    {
        List<Entry> entries = [];
        var at = PortSpan.At(facts.Protocol, facts.Port);
        foreach (var rule in covering)
        {
            if (rule.Rule.Authentication == AuthenticationMode.None)
                continue;

            var (isWide, mode) = (rule.Peers.IsWide, rule.Rule.Authentication);
            if (rule.Rule.Ports.IsAny)
                entries.Add(new Entry(mode, isWide, PortSpan.Every));
            foreach (var entry in rule.Rule.Ports.Entries)
            {
                if (PortSpan.Of(entry, facts.ServerPorts) is { } span && span.Contains(at))
                    entries.Add(new Entry(mode, isWide, span));
            }
        }

        return entries;
    }

    private readonly record struct Entry(AuthenticationMode Mode, bool IsWide, PortSpan Ports)
    {
        // More specific in one respect, and not less so in the other.
        public bool Lifts(Entry other) =>
            Mode == AuthenticationMode.Disabled
            && other.Ports.Contains(Ports)
            && (!IsWide || other.IsWide)
            && (IsWide != other.IsWide || Ports != other.Ports);
    }
}
