namespace Proxy.Spiffe.Streams;

/// <summary>How long a connection to an API may take.</summary>
internal sealed record ApiConnectionLimits
{
    /// <summary>TLS included: a server that takes connections and then does nothing is told apart from one that has nothing to say.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);
}
