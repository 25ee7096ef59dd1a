namespace Proxy.Policy;

/// <summary>What a rule does where it applies.</summary>
public enum RuleEffect
{
    /// <summary>The document selects the workload and isolates it in the direction.</summary>
    Isolate,

    /// <summary>The document selects the workload and isolates it not.</summary>
    Select,

    /// <summary>The document is refused: nothing passes.</summary>
    Close,

    /// <summary>Denies what it covers, whatever others allow.</summary>
    Deny,

    /// <summary>Allows what it covers.</summary>
    Allow,

    /// <summary>Allows the requests that it matches.</summary>
    AllowRequest,
}

/// <summary>One rule that was looked at.</summary>
/// <param name="Rule">The document or rule.</param>
/// <param name="Effect">What it does where it applies.</param>
/// <param name="Missed">The first field that does not fit; null when the rule applies.</param>
/// <param name="Why">One sentence without a full stop.</param>
public sealed record ExplainedRule(RuleReference Rule, RuleEffect Effect, RuleField? Missed, string Why)
{
    /// <summary>Whether it fits the question.</summary>
    public bool Applies => Missed is null;

    /// <summary>Under audit: told, not enforced.</summary>
    public bool IsAudit { get; init; }
}

/// <summary>A verdict with everything that was looked at to find it.</summary>
/// <param name="Verdict">What <see cref="PolicySnapshot.Decide"/> says.</param>
/// <param name="Summary">Why, in one sentence without a full stop.</param>
/// <param name="Rules">
/// In the order of the documents: each document that holds something for the direction, and the rules of those that select
/// the workload.
/// </param>
public sealed record PolicyExplanation(Verdict Verdict, string Summary, IReadOnlyList<ExplainedRule> Rules)
{
    /// <summary>The answer for the request; null when none was given, or requests are not looked at.</summary>
    public RequestVerdict? Request { get; init; }
}
