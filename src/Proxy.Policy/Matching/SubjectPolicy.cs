using System.Collections.Concurrent;
using System.Collections.Frozen;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>What all documents together say about one subject in one direction.</summary>
internal sealed class SubjectPolicy
{
    private static readonly Verdict NotIsolated = new(VerdictReason.NotIsolated, []) { Match = PolicyMatch.All };
    private static readonly Verdict OwnNode = new(VerdictReason.Allowed, []) { Match = PolicyMatch.L3Only };

    private readonly Direction _direction;
    private readonly PolicyRule[] _rules;
    private readonly FrozenSet<PortEntry> _namedPorts;
    private readonly Verdict? _always;
    private readonly Verdict _denied;

    public SubjectPolicy(Direction direction, IReadOnlyList<PolicySection> sections)
    {
        _direction = direction;
        _rules = [.. sections.SelectMany(section => section.Rules).Where(rule => rule.Direction == direction)];
        _namedPorts = _rules.SelectMany(rule => rule.Ports.Entries).ToFrozenSet();
        _denied = new Verdict(VerdictReason.DefaultDeny, References(sections));
        _always = AlwaysOf(sections);
    }

    /// <summary>Answers given so far.</summary>
    public ConcurrentDictionary<PeerQuestion, Verdict> Verdicts { get; } = new();

    /// <summary>
    /// The question in its shortest form: ports that no rule names share one answer, so that a client that tries every
    /// port fills no memory.
    /// </summary>
    public PeerQuestion Shorten(in ConnectionFacts facts)
    {
        var isNamed = _namedPorts.Contains(new PortEntry(facts.Protocol, facts.Port));
        return new PeerQuestion(facts.Peer, facts.Protocol, isNamed ? facts.Port : (ushort)0, facts.Authentication);
    }

    public Verdict Decide(in ConnectionFacts facts)
    {
        if (_always?.Reason == VerdictReason.NotIsolated)
            return _always;

        if (_direction == Direction.Ingress && facts.Peer.Equals(Identity.Host))
            return OwnNode;

        if (_always is not null)
            return _always;

        var (peer, protocol, port) = (facts.Peer, facts.Protocol, facts.Port);
        PolicyRule[] covering = [.. _rules.Where(rule => rule.Match(protocol, port) != PolicyMatch.None && rule.Peers.Covers(peer))];
        return covering.Length == 0 ? _denied : Judge(facts, covering);
    }

    private static Verdict Judge(in ConnectionFacts facts, PolicyRule[] covering)
    {
        var (protocol, port) = (facts.Protocol, facts.Port);
        var demand = covering.Max(rule => rule.Authentication);
        var reason = ReasonOf(demand, facts);
        var deciding = reason == VerdictReason.Allowed ? covering : covering.Where(rule => rule.Authentication == demand);
        return new Verdict(reason, [.. deciding.Select(rule => rule.Reference).Distinct()])
        {
            Match = covering.Select(rule => rule.Match(protocol, port)).MaxBy(Specificity),
            Authentication = demand,
            Http = reason == VerdictReason.Allowed ? HttpOf(covering) : null,
        };
    }

    private static VerdictReason ReasonOf(AuthenticationMode demand, in ConnectionFacts facts)
    {
        if (demand == AuthenticationMode.TestAlwaysFail)
            return VerdictReason.AlwaysFails;

        var isRefused = facts.Authentication == PeerAuthentication.Unauthenticated || facts.Peer.IsReserved;
        return demand == AuthenticationMode.Required && isRefused
            ? VerdictReason.AuthenticationRequired
            : VerdictReason.Allowed;
    }

    private static HttpRuleSet? HttpOf(PolicyRule[] covering) =>
        covering.Any(rule => rule.Http is null) ? null : new HttpRuleSet(covering.SelectMany(rule => rule.Http!));

    // The order in which Cilium's lookup prefers one entry to another: the port first, then the peer.
    private static int Specificity(PolicyMatch match) => match switch
    {
        PolicyMatch.L3L4 => 6,
        PolicyMatch.L4Only => 5,
        PolicyMatch.L3Proto => 4,
        PolicyMatch.ProtoOnly => 3,
        PolicyMatch.L3Only => 2,
        _ => 1,
    };

    private static Verdict? AlwaysOf(IReadOnlyList<PolicySection> sections)
    {
        PolicySection[] closed = [.. sections.Where(section => section.IsClosed)];
        if (closed.Length > 0)
            return new Verdict(VerdictReason.DocumentRefused, References(closed));

        return sections.Count == 0 ? NotIsolated : null;
    }

    private static RuleReference[] References(IEnumerable<PolicySection> sections) =>
        [.. sections.Select(section => section.Reference).Distinct()];
}
