using Proxy.Policy.Matching;

namespace Proxy.Policy.Linting;

/// <summary>HTTP rules that another allow without requests makes moot, for the peers and ports that both cover.</summary>
internal sealed class MootRules(IReadOnlyList<CompiledSection> sections, IdentitySets sets, CancellationToken stop)
{
    private readonly Dictionary<CompiledRule, HashSet<string>> _texts = [];
    private readonly CompiledRule[] _open = [.. AllowsOf(sections).Where(rule => rule.Http is null)];

    public IEnumerable<PolicyFinding> Find()
    {
        var pairs = 0;
        foreach (var restricted in AllowsOf(sections).Where(rule => rule.Http is not null && rule.Section.Section.Isolates(rule.Rule.Direction)))
        {
            stop.ThrowIfCancellationRequested();
            foreach (var open in _open)
            {
                if (++pairs > DemandConflicts.MostPairs)
                    yield break;
                if (Look(restricted, open) is { } finding)
                    yield return finding;
            }
        }
    }

    private PolicyFinding? Look(CompiledRule restricted, CompiledRule open)
    {
        if (open.Rule.Direction != restricted.Rule.Direction || !MayShareSubject(restricted, open))
            return null;
        if (PortOverlap.Of(restricted.Rule.Ports, open.Rule.Ports) is not { } port || SharedPeers(restricted, open) is not { } peers)
            return null;
        return new PolicyFinding(
            [restricted.Rule.Reference, open.Rule.Reference],
            $"the HTTP rules of the first have no effect for {peers} on {port}: the second allows them everything there",
            "give the second HTTP rules too, or take these peers and ports out of it");
    }

    private bool MayShareSubject(CompiledRule one, CompiledRule other) =>
        SubjectOverlap.MayShare(one.Section.Section.Subject, other.Section.Section.Subject)
        && (ReferenceEquals(one.Section, other.Section) || sets.Identities.Count == 0
            || IdentitySets.Share(sets.SubjectsOf(one.Section), sets.SubjectsOf(other.Section)));

    private string? SharedPeers(CompiledRule restricted, CompiledRule open)
    {
        if (open.Peers.IsAny || restricted.Peers.IsAny && open.Peers.IsWide)
            return restricted.Peers.IsAny ? "every peer" : "all its peers";

        var (one, other) = (sets.PeersOf(restricted), sets.PeersOf(open));
        if (IdentitySets.Share(one, other))
            return IdentitySets.TextOf(sets.Shared(one, other));
        // Nobody there yet, but both say the same.
        if (TextsOf(restricted).Overlaps(TextsOf(open)))
            return "peers that both select";
        return ShareAddress(restricted.Peers, open.Peers) ? "addresses outside the cluster" : null;
    }

    private HashSet<string> TextsOf(CompiledRule rule)
    {
        if (!_texts.TryGetValue(rule, out var texts))
            _texts.Add(rule, texts = [.. rule.Peers.Selectors.Select(selector => selector.ToString())]);
        return texts;
    }

    private static bool ShareAddress(ResolvedPeers one, ResolvedPeers other)
    {
        var world = Labels.Identity.World;
        if (one.Selectors.Any(selector => selector.Matches(world.Labels)))
            return !other.Addresses.IsEmpty || other.Selectors.Any(selector => selector.Matches(world.Labels));
        if (other.Selectors.Any(selector => selector.Matches(world.Labels)))
            return !one.Addresses.IsEmpty;
        return one.Addresses.Spans.Any(span => other.Addresses.Spans.Any(second => span.First <= second.Last && second.First <= span.Last));
    }

    private static IEnumerable<CompiledRule> AllowsOf(IReadOnlyList<CompiledSection> sections) =>
        sections.Where(section => !section.IsAudit).SelectMany(section => section.Rules).Where(rule => !rule.Rule.IsDeny);
}
