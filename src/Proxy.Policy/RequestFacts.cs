namespace Proxy.Policy;

/// <summary>What an HTTP rule may look at. The bytes belong to the caller and are only read during the call.</summary>
public readonly ref struct RequestFacts
{
    /// <summary>Facts of one request.</summary>
    /// <param name="method">As sent; case counts.</param>
    /// <param name="target">Path and query, as sent.</param>
    /// <param name="host">The authority, as sent; not looked at by any rule yet.</param>
    public RequestFacts(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> host)
    {
        Method = method;
        Target = target;
        Host = host;
    }

    /// <summary>As sent; case counts.</summary>
    public ReadOnlySpan<byte> Method { get; }

    /// <summary>Path and query, as sent.</summary>
    public ReadOnlySpan<byte> Target { get; }

    /// <summary>The authority, as sent.</summary>
    public ReadOnlySpan<byte> Host { get; }
}

/// <summary>The answer for one request.</summary>
/// <param name="IsAllowed">Whether some rule matched.</param>
/// <param name="Rule">The rule that matched; null when none did.</param>
public readonly record struct RequestVerdict(bool IsAllowed, RuleReference? Rule)
{
    /// <summary>Allowed, and refused if documents under audit were enforced.</summary>
    public bool Audited { get; init; }
}
