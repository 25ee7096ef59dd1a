using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Policy.Linting;
using Proxy.Policy.Matching;

namespace Proxy.Policy;

/// <summary>All policy documents at one moment, ready to decide. Immutable but for its memory of past answers.</summary>
public sealed class PolicySnapshot
{
    private readonly SectionTable _table;
    private readonly VerdictCache _cache = new();
    private readonly Lazy<IReadOnlyList<PolicyFinding>> _conflicts;

    private PolicySnapshot(SectionTable table)
    {
        _table = table;
        _conflicts = new Lazy<IReadOnlyList<PolicyFinding>>(() => new DemandConflicts(table.Sections).Find());
    }

    /// <summary>
    /// Rules that Cilium would refuse together, or read otherwise: two authentication modes for the same peers and port. The
    /// stronger holds.
    /// </summary>
    public IReadOnlyList<PolicyFinding> Conflicts => _conflicts.Value;

    /// <summary>No document: nobody is isolated.</summary>
    public static PolicySnapshot Empty { get; } = new(SectionTable.Empty);

    /// <summary>Makes a snapshot; refused documents close what they select.</summary>
    /// <param name="documents">In the order in which verdicts shall name them.</param>
    /// <param name="context">What they refer to.</param>
    /// <param name="previous">
    /// An earlier snapshot: what the change does not touch is kept, its answers included. Returned itself when nothing
    /// changed.
    /// </param>
    public static PolicySnapshot Compile(
        IEnumerable<PolicyDocument> documents, PolicyContext? context = null, PolicySnapshot? previous = null)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var before = previous ?? Empty;
        var table = SectionTable.Of(documents, context ?? PolicyContext.Empty, before._table);
        if (previous is not null && table.Sections.AsSpan().SequenceEqual(before._table.Sections))
            return previous;

        var snapshot = new PolicySnapshot(table);
        snapshot.KeepUntouched(before);
        return snapshot;
    }

    /// <summary>
    /// Decides. Thread-safe; an answer that was given before takes constant time and allocates nothing.
    /// </summary>
    /// <remarks>
    /// The subject's own node passes. A refused document closes, whatever others allow; so does a deny rule. Otherwise the
    /// allow rules of all documents are one union. The strongest demand for authentication among those that cover peer and
    /// port holds for all of them, except where a rule with a narrower choice of peer or port says <c>disabled</c>. HTTP
    /// rules hold only while no covering rule is without them. Peers that are not workloads (<c>reserved:</c>) cannot
    /// authenticate. Rules about addresses look only at peers outside the cluster.
    /// </remarks>
    public Verdict Decide(in ConnectionFacts facts)
    {
        var subject = SubjectOf(facts.Direction, facts.Subject);
        return subject.Find(facts) ?? _cache.Decide(subject, facts);
    }

    /// <summary>Gets ready for questions about these workloads, so that the first ones cost no more than later ones.</summary>
    public void Prepare(Direction direction, IEnumerable<Identity> subjects)
    {
        ArgumentNullException.ThrowIfNull(subjects);
        foreach (var subject in subjects)
            SubjectOf(direction, subject);
    }

    /// <summary>Decides, and tells of every rule that was looked at whether it applied, and why not.</summary>
    public PolicyExplanation Explain(in ConnectionFacts facts) => new RuleWalk(_table.Sections).Explain(Decide(facts), facts);

    /// <summary>As <see cref="Explain(in ConnectionFacts)"/>, with a request on the connection.</summary>
    public PolicyExplanation Explain(in ConnectionFacts facts, in RequestFacts request) =>
        new RuleWalk(_table.Sections).Explain(Decide(facts), facts, request);

    private SubjectPolicy SubjectOf(Direction direction, Identity subject) =>
        _cache.Find(direction, subject)
        ?? _cache.Remember(direction, subject, new SubjectPolicy(direction, _table.Index.Select(direction, subject)));

    private void KeepUntouched(PolicySnapshot before)
    {
        var removed = before._table.Sections.Except(_table.Sections).ToHashSet();
        var added = new SectionIndex([.. _table.Sections.Except(before._table.Sections)]);
        foreach (var (direction, subject, policy) in before._cache.Subjects)
        {
            if (!policy.Sections.Any(removed.Contains) && added.Select(direction, subject).Length == 0)
                _cache.Remember(direction, subject, policy);
        }
    }
}
