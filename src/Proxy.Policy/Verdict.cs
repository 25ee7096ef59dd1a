namespace Proxy.Policy;

/// <summary>Why a verdict is as it is.</summary>
public enum VerdictReason
{
    /// <summary>A rule allows it (or it comes from the subject's own node).</summary>
    Allowed,

    /// <summary>No document selects the subject in this direction.</summary>
    NotIsolated,

    /// <summary>Documents select the subject, and none of their rules covers the peer and the port.</summary>
    DefaultDeny,

    /// <summary>A rule covers it and demands authentication, and the peer has not proved who it is.</summary>
    AuthenticationRequired,

    /// <summary>A document that could not be understood selects, or might select, the subject.</summary>
    DocumentRefused,

    /// <summary>A rule covers it and has the mode <c>test-always-fail</c>.</summary>
    AlwaysFails,
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

/// <summary>What rules demand of the peer, from weak to strong: of several rules that cover a connection the strongest counts.</summary>
public enum AuthenticationMode
{
    /// <summary>Nothing is said.</summary>
    None,

    /// <summary>Said to be unnecessary; does not weaken what another rule demands.</summary>
    Disabled,

    /// <summary>The peer must prove its identity with an SVID.</summary>
    Required,

    /// <summary>Refused always, for trying out what a refusal looks like.</summary>
    TestAlwaysFail,
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

    /// <summary>Some document selects the subject in this direction.</summary>
    public bool IsIsolated => Reason != VerdictReason.NotIsolated;

    /// <summary>The demand in force for this peer and port; <c>Required</c> also when it is met.</summary>
    public AuthenticationMode Authentication { get; internal init; }

    /// <summary>Not null: each request must pass its <see cref="HttpRuleSet.Decide"/>.</summary>
    public HttpRuleSet? Http { get; internal init; }

    /// <summary>
    /// The rules that allow; denied: the documents that isolate, the rules whose demand is not met, or the refused documents.
    /// </summary>
    public IReadOnlyList<RuleReference> Rules { get; }
}
