using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy;

/// <summary>All policy documents at one moment, ready to decide. Immutable but for its memory of past answers.</summary>
public sealed class PolicySnapshot
{
    private readonly PolicySection[] _sections;
    private readonly VerdictCache _cache = new();

    private PolicySnapshot(PolicySection[] sections) => _sections = sections;

    /// <summary>No document: nobody is isolated.</summary>
    public static PolicySnapshot Empty { get; } = new([]);

    /// <summary>Makes a snapshot; refused documents close what they select.</summary>
    public static PolicySnapshot Compile(IEnumerable<PolicyDocument> documents, PolicyContext? context = null)
    {
        ArgumentNullException.ThrowIfNull(documents);
        _ = context;
        return new PolicySnapshot([.. documents.SelectMany(document => document.Sections)]);
    }

    /// <summary>
    /// Decides. Thread-safe; an answer that was given before takes constant time and allocates nothing.
    /// </summary>
    /// <remarks>
    /// A refused document closes, whatever others allow. Otherwise the rules of all documents are one union. The
    /// strongest demand for authentication among the rules that cover peer and port holds for all of them, so an
    /// explicit <c>disabled</c> never lifts what another rule demands. HTTP rules hold only while no covering rule is
    /// without them. Peers that are not workloads (<c>reserved:</c>) cannot authenticate. The subject's own node passes.
    /// </remarks>
    public Verdict Decide(in ConnectionFacts facts)
    {
        var subject = _cache.FindSubject(facts.Direction, facts.Subject)
            ?? _cache.Remember(facts.Direction, facts.Subject, Select(facts.Direction, facts.Subject));
        return VerdictCache.FindVerdict(subject, facts) ?? _cache.Remember(subject, facts, subject.Decide(facts));
    }

    private SubjectPolicy Select(Direction direction, Identity subject) =>
        new(direction, [.. _sections.Where(section => section.Governs(direction) && section.Subject.Matches(subject.Labels))]);
}
