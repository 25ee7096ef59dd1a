using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>What sections that select one subject say together, in one direction.</summary>
internal sealed class SectionUnion
{
    private static readonly Verdict Open = new(VerdictReason.NotIsolated, []) { Match = PolicyMatch.All };
    private static readonly Verdict OwnNode = new(VerdictReason.Allowed, []) { Match = PolicyMatch.L3Only };

    private readonly Direction _direction;
    private readonly bool _isEmpty;
    private readonly bool _isIsolating;
    private readonly Verdict? _closed;
    private readonly CompiledRule[] _allows;
    private readonly RuleReference[] _isolating;
    private readonly string[] _isolatingLogs;

    public SectionUnion(Direction direction, IReadOnlyList<CompiledSection> sections)
    {
        _direction = direction;
        _isEmpty = sections.Count == 0;
        _allows = [.. sections.SelectMany(section => section.Rules).Where(rule => rule.Rule.Direction == direction && !rule.Rule.IsDeny)];
        CompiledSection[] isolating = [.. sections.Where(section => section.Section.Isolates(direction))];
        _isIsolating = isolating.Length > 0;
        _isolating = ReferencesOf(isolating);
        _isolatingLogs = LogsOf(isolating);
        _closed = ClosedBy([.. sections.Where(section => section.Section.IsClosed)]);
    }

    /// <summary>Decides, given the rules of these sections that cover the peer.</summary>
    public Verdict Decide(in ConnectionFacts facts, IReadOnlyList<CompiledRule> ofPeer)
    {
        if (_isEmpty)
            return Open;
        if (_direction == Direction.Ingress && facts.Peer.Equals(Identity.Host))
            return OwnNode;
        if (_closed is not null)
            return _closed;

        List<CompiledRule> denies = [];
        List<CompiledRule> allows = [];
        foreach (var rule in ofPeer)
        {
            if (rule.Match(facts) != PolicyMatch.None)
                (rule.Rule.IsDeny ? denies : allows).Add(rule);
        }

        if (denies.Count > 0)
            return VerdictOf(VerdictReason.Denied, facts, denies, AuthenticationMode.None, null);
        if (allows.Count > 0)
            return Judge(facts, allows);
        return _isIsolating ? DenyByDefault(facts, ofPeer) : Open;
    }

    private static Verdict Judge(in ConnectionFacts facts, List<CompiledRule> covering)
    {
        var demand = AuthenticationDemand.Of(facts, covering);
        var reason = ReasonOf(demand.Mode, facts);
        return reason == VerdictReason.Allowed
            ? VerdictOf(reason, facts, covering, demand.Mode, HttpOf(covering))
            : VerdictOf(reason, facts, demand.Rules, demand.Mode, null, MatchOf(facts, covering));
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

    private static HttpRuleSet? HttpOf(List<CompiledRule> covering) => covering.Exists(rule => rule.Http is null)
        ? null
        : new HttpRuleSet(covering.SelectMany(rule => rule.Http!), secrets: covering.Find(rule => rule.Section.Secrets is not null)?.Section.Secrets);

    private Verdict DenyByDefault(in ConnectionFacts facts, IReadOnlyList<CompiledRule> ofPeer) =>
        new(VerdictReason.DefaultDeny, _isolating) { Nearest = FindNearest(facts, ofPeer), LogValues = _isolatingLogs };

    // The right peer at another port comes closer than another peer at the right port: there the policy is meant for them.
    private NearestRule? FindNearest(in ConnectionFacts facts, IReadOnlyList<CompiledRule> ofPeer)
    {
        var covering = ofPeer.ToHashSet();
        (int Distance, NearestRule Rule)? nearest = null;
        foreach (var rule in _allows)
        {
            var (distance, field) = DistanceOf(covering.Contains(rule), rule.FindPortMiss(facts));
            if (nearest is null || distance < nearest.Value.Distance)
                nearest = (distance, new NearestRule(rule.Rule.Reference, field));
        }

        return nearest?.Rule;
    }

    private static (int Distance, RuleField Field) DistanceOf(bool isPeer, RuleField? portMiss) => (isPeer, portMiss) switch
    {
        (true, RuleField.Port) => (0, RuleField.Port),
        (false, null) => (1, RuleField.Peer),
        (true, _) => (2, RuleField.Protocol),
        (false, RuleField.Port) => (3, RuleField.Peer),
        _ => (4, RuleField.Peer),
    };

    private static Verdict VerdictOf(
        VerdictReason reason, in ConnectionFacts facts, IReadOnlyList<CompiledRule> deciding, AuthenticationMode demand, HttpRuleSet? http, PolicyMatch? match = null) =>
        new(reason, [.. deciding.Select(rule => rule.Rule.Reference).Distinct()])
        {
            Match = match ?? MatchOf(facts, deciding),
            Authentication = demand,
            Http = http,
            LogValues = LogsOf(deciding.Select(rule => rule.Section)),
        };

    private static PolicyMatch MatchOf(in ConnectionFacts facts, IReadOnlyList<CompiledRule> covering)
    {
        var best = PolicyMatch.None;
        foreach (var rule in covering)
        {
            var match = rule.Match(facts);
            if (Specificity(match) > Specificity(best))
                best = match;
        }

        return best;
    }

    // The order in which Cilium's lookup prefers one entry to another: the port first, then the peer.
    private static int Specificity(PolicyMatch match) => match switch
    {
        PolicyMatch.L3L4 => 6,
        PolicyMatch.L4Only => 5,
        PolicyMatch.L3Proto => 4,
        PolicyMatch.ProtoOnly => 3,
        PolicyMatch.L3Only => 2,
        PolicyMatch.All => 1,
        _ => 0,
    };

    private static Verdict? ClosedBy(CompiledSection[] closed) =>
        closed.Length == 0 ? null : new Verdict(VerdictReason.DocumentRefused, ReferencesOf(closed)) { LogValues = LogsOf(closed) };

    private static RuleReference[] ReferencesOf(IEnumerable<CompiledSection> sections) =>
        [.. sections.Select(section => section.Section.Reference).Distinct()];

    private static string[] LogsOf(IEnumerable<CompiledSection> sections) =>
        [.. sections.Select(section => section.Section.LogValue).Where(value => value.Length > 0).Distinct()];
}
