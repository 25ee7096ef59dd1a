namespace Proxy.Policy;

/// <summary>Why a verdict is as it is.</summary>
public enum VerdictReason
{
    /// <summary>A rule allows it (or it comes from the subject's own node).</summary>
    Allowed,

    /// <summary>No document isolates the subject in this direction, and no rule covers the peer and the port.</summary>
    NotIsolated,

    /// <summary>Documents select the subject, and none of their rules covers the peer and the port.</summary>
    DefaultDeny,

    /// <summary>A rule covers it and demands authentication, and the peer has not proved who it is.</summary>
    AuthenticationRequired,

    /// <summary>A document that could not be understood selects, or might select, the subject.</summary>
    DocumentRefused,

    /// <summary>A rule covers it and has the mode <c>test-always-fail</c>.</summary>
    AlwaysFails,

    /// <summary>A deny rule covers it, whatever others allow.</summary>
    Denied,
}

/// <summary>What the deciding rule looked at, with the numbers of Hubble's <c>policy_match_type</c>.</summary>
public enum PolicyMatch
{
    /// <summary>No rule covered it.</summary>
    None = 0,

    /// <summary>The peer, on every port.</summary>
    L3Only = 1,

    /// <summary>The peer and the port.</summary>
    L3L4 = 2,

    /// <summary>The port, for every peer.</summary>
    L4Only = 3,

    /// <summary>Every peer and port, or no document at all.</summary>
    All = 4,

    /// <summary>The peer and the protocol, on every port.</summary>
    L3Proto = 5,

    /// <summary>The protocol, on every port, for every peer.</summary>
    ProtoOnly = 6,
}

/// <summary>
/// What rules demand of the peer, from weak to strong: of several rules that cover a connection the strongest counts,
/// but for demands that a more specific rule lifts.
/// </summary>
public enum AuthenticationMode
{
    /// <summary>Nothing is said.</summary>
    None,

    /// <summary>Said to be unnecessary: lifts what rules with wider peers or ports demand.</summary>
    Disabled,

    /// <summary>The peer must prove its identity with an SVID.</summary>
    Required,

    /// <summary>Refused always, for trying out what a refusal looks like.</summary>
    TestAlwaysFail,
}

/// <summary>What of a rule is compared with a connection or request.</summary>
public enum RuleField
{
    /// <summary>The workload that the rule is about.</summary>
    Subject,

    /// <summary>The other workload, or its address.</summary>
    Peer,

    /// <summary>The protocol.</summary>
    Protocol,

    /// <summary>The port, or the type of ICMP.</summary>
    Port,

    /// <summary>The proof of who the peer is.</summary>
    Authentication,

    /// <summary>The request's method.</summary>
    Method,

    /// <summary>The request's path and query.</summary>
    Path,

    /// <summary>The request's authority.</summary>
    Host,

    /// <summary>One of the request's headers.</summary>
    Header,
}

/// <summary>A rule that did not apply.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Field">The first of its fields that did not fit.</param>
public sealed record NearestRule(RuleReference Rule, RuleField Field)
{
    /// <summary><c>rule (field)</c>.</summary>
    public override string ToString() => $"{Rule} ({Field})";
}

/// <summary>The answer to one <see cref="ConnectionFacts"/>; immutable and shared.</summary>
public sealed class Verdict
{
    internal Verdict(VerdictReason reason, IReadOnlyList<RuleReference> rules)
    {
        Reason = reason;
        Rules = rules;
    }

    /// <summary>Whether the connection may exist (and, with <see cref="Http"/>, each request must pass too).</summary>
    public bool IsAllowed => Reason is VerdictReason.Allowed or VerdictReason.NotIsolated;

    /// <summary>Why.</summary>
    public VerdictReason Reason { get; }

    /// <summary>What the most specific covering rule looked at; for refused authentication too.</summary>
    public PolicyMatch Match { get; internal init; }

    /// <summary>Some document decided this, rather than the absence of one.</summary>
    public bool IsIsolated => Reason != VerdictReason.NotIsolated;

    /// <summary>The demand in force for this peer and port; <c>Required</c> also when it is met.</summary>
    public AuthenticationMode Authentication { get; internal init; }

    /// <summary>Not null: each request must pass its <see cref="HttpRuleSet.Decide"/>.</summary>
    public HttpRuleSet? Http { get; internal init; }

    /// <summary>
    /// The rules that allow or deny; otherwise refused: the documents that isolate, the rules whose demand is not met, or the
    /// refused documents.
    /// </summary>
    public IReadOnlyList<RuleReference> Rules { get; }

    /// <summary>Refused by default: the allow rule that came closest. Null when there is none, and for other reasons.</summary>
    public NearestRule? Nearest { get; internal init; }

    /// <summary>The <c>log.value</c> of what decided, each once.</summary>
    public IReadOnlyList<string> LogValues { get; internal init; } = [];

    /// <summary>
    /// Not null when this allows and documents under audit would refuse the connection or look at its requests: the verdict
    /// that would hold if they were enforced.
    /// </summary>
    public Verdict? Audit { get; private init; }

    internal Verdict WithAudit(Verdict audit, HttpRuleSet? http) => new(Reason, Rules)
    {
        Match = Match,
        Authentication = Authentication,
        Http = http,
        Nearest = Nearest,
        LogValues = LogValues,
        Audit = audit,
    };
}
