using System.Collections.Concurrent;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>
/// What all documents together say about one subject in one direction, and the answers given so far: constant time for
/// those. Their number is bounded by peers, classes of addresses and classes of ports, not by what clients try.
/// </summary>
internal sealed class SubjectPolicy
{
    private const int MostOnStack = 256;

    private readonly CompiledRule[] _rules;
    private readonly SectionUnion _enforced;
    private readonly SectionUnion? _withAudit;
    private readonly Verdict? _always;
    private readonly SubjectPorts _ports;
    private readonly Lazy<AddressClasses> _addresses;
    private readonly ConcurrentDictionary<IdentityKey, PeerAnswers?[]> _peers = new();
    private readonly ConcurrentDictionary<string, PeerAnswers> _ofRules = new(StringComparer.Ordinal);
    private int _count;

    public SubjectPolicy(Direction direction, CompiledSection[] sections)
    {
        Direction = direction;
        Sections = sections;
        _rules = [.. sections.SelectMany(section => section.Rules).Where(rule => rule.Rule.Direction == direction)];
        _enforced = new SectionUnion(direction, [.. sections.Where(section => !section.IsAudit)]);
        _withAudit = sections.Any(section => section.IsAudit) ? new SectionUnion(direction, sections) : null;
        _ports = new SubjectPorts(_rules);
        _addresses = new Lazy<AddressClasses>(() => AddressClasses.Of(_rules.Select(rule => rule.Peers.Addresses)));
        _always = sections.Length == 0 ? _enforced.Decide(default, []) : null;
    }

    public Direction Direction { get; }

    /// <summary>Those that select the subject, in the order of the documents.</summary>
    public IReadOnlyList<CompiledSection> Sections { get; }

    /// <summary>How many answers were computed.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The answer if it was given before.</summary>
    public Verdict? Find(in ConnectionFacts facts)
    {
        if (_always is not null)
            return _always;

        return _peers.TryGetValue(new IdentityKey(facts.Peer), out var classes)
            ? classes[AddressClassOf(facts)]?.Find(_ports.Of(facts.ServerPorts), facts)
            : null;
    }

    /// <summary>Decides, and remembers the answer.</summary>
    public Verdict Decide(in ConnectionFacts facts)
    {
        if (_always is not null)
            return _always;

        Interlocked.Increment(ref _count);
        var answers = AnswersFor(facts);
        var ports = _ports.Of(facts.ServerPorts);
        return answers.Find(ports, facts) ?? answers.Remember(ports, facts, Compute(facts, answers.Rules));
    }

    private Verdict Compute(in ConnectionFacts facts, IReadOnlyList<CompiledRule> ofPeer)
    {
        if (_withAudit is null)
            return _enforced.Decide(facts, ofPeer);

        var enforced = _enforced.Decide(facts, [.. ofPeer.Where(rule => !rule.Section.IsAudit)]);
        if (!enforced.IsAllowed)
            return enforced;

        var audited = _withAudit.Decide(facts, ofPeer);
        if (!audited.IsAllowed)
            return enforced.WithAudit(audited, enforced.Http);
        // Where requests are judged anyway, the rules under audit can only add to what passes.
        return audited.Http is null || enforced.Http is not null ? enforced : enforced.WithAudit(audited, Watched(enforced, audited));
    }

    private static HttpRuleSet Watched(Verdict enforced, Verdict audited) =>
        new([new HttpMatch(null, null, enforced.Rules.Concat(audited.Rules).First())], audited.Http);

    private PeerAnswers AnswersFor(in ConnectionFacts facts)
    {
        var classes = _peers.GetOrAdd(
            new IdentityKey(facts.Peer),
            static (key, policy) => new PeerAnswers?[key.Identity.IsWorld ? policy._addresses.Value.Count : 1],
            this);
        ref var answers = ref classes[AddressClassOf(facts)];
        return Volatile.Read(ref answers) ?? (answers = Share(facts));
    }

    // Peers that the same rules cover get the same answers; most are looked up here once, so nothing is made for those.
    private PeerAnswers Share(in ConnectionFacts facts)
    {
        var key = _rules.Length < MostOnStack ? stackalloc char[MostOnStack] : new char[_rules.Length + 1];
        key[0] = facts.Peer.Equals(Identity.Host) ? 'n' : facts.Peer.IsReserved ? 'r' : 'w';
        for (var i = 0; i < _rules.Length; i++)
            key[i + 1] = _rules[i].Peers.Covers(facts.Peer, facts.PeerAddress) ? '1' : '0';
        key = key[..(_rules.Length + 1)];
        var known = _ofRules.GetAlternateLookup<ReadOnlySpan<char>>();
        return known.TryGetValue(key, out var answers) ? answers : _ofRules.GetOrAdd(new string(key), Make, this);
    }

    private static PeerAnswers Make(string key, SubjectPolicy policy) =>
        new([.. policy._rules.Where((_, i) => key[i + 1] == '1')], policy._ports.Unnamed);

    private int AddressClassOf(in ConnectionFacts facts) => facts.Peer.IsWorld ? _addresses.Value.Find(facts.PeerAddress) : 0;
}

/// <summary>Equal by number and labels: numbers may collide.</summary>
internal readonly record struct IdentityKey(Identity Identity)
{
    public bool Equals(IdentityKey other) => Identity.IsSameAs(other.Identity);

    public override int GetHashCode() => (int)Identity.Number;
}
