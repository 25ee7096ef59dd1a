namespace Proxy.Policy;

/// <summary>The answer for one request.</summary>
/// <param name="IsAllowed">Whether some rule matched.</param>
/// <param name="Rule">The first rule that matched; null when none did.</param>
public readonly record struct RequestVerdict(bool IsAllowed, RuleReference? Rule)
{
    /// <summary>What the rules that matched want done with the header fields of this request, in order.</summary>
    public HeaderActions Actions { get; init; }

    /// <summary>Allowed, and refused if documents under audit were enforced.</summary>
    public bool Audited { get; init; }
}
