namespace Proxy.Policy;

/// <summary>What an HTTP rule may look at. The bytes belong to the caller and are only read during the call.</summary>
public readonly ref struct RequestFacts
{
    /// <summary>Facts of one request.</summary>
    /// <param name="method">As sent; case counts.</param>
    /// <param name="target">Path and query, as sent.</param>
    /// <param name="host">The authority, as sent.</param>
    public RequestFacts(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> host)
    {
        Method = method;
        Target = target;
        Host = host;
    }

    /// <summary>As sent; case counts.</summary>
    public ReadOnlySpan<byte> Method { get; }

    /// <summary>Path and query, as sent, or as the server will get it.</summary>
    public ReadOnlySpan<byte> Target { get; }

    /// <summary>The authority, as sent, with its port if it has one.</summary>
    public ReadOnlySpan<byte> Host { get; }

    /// <summary>The header lines, well formed (RFC 9112 §5), each with its CR LF; without the request line and the empty line.</summary>
    public ReadOnlySpan<byte> Headers { get; init; }

    /// <summary>
    /// The caller has refused, or normalised, every target that servers may resolve to another path. Otherwise such a
    /// target satisfies no rule that names a path.
    /// </summary>
    public bool HasSettledTarget { get; init; }
}
