namespace Proxy.Spiffe.Streams;

/// <summary>How long a connection to an API may take, and for how long new streams go to it.</summary>
internal sealed record ApiConnectionLimits
{
    /// <summary>TLS included: a server that takes connections and then does nothing is told apart from one that has nothing to say.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// New streams go to a new connection then, made with the SVID of that time: a server may think the old one's expired.
    /// Streams that are open stay where they are, and their connection ends with the last of them.
    /// </summary>
    public TimeSpan Age { get; init; } = TimeSpan.FromMinutes(5);
}
