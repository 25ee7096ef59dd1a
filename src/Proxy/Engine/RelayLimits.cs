namespace Proxy.Engine;

/// <summary>When a relayed connection is ended that neither end ends. Zero is never: a quiet connection lives on.</summary>
internal sealed record RelayLimits
{
    public static RelayLimits None { get; } = new();

    /// <summary>No byte in either direction for so long.</summary>
    public TimeSpan Idle { get; init; }

    /// <summary>One end has ended, and no byte has come from the other for so long.</summary>
    public TimeSpan HalfOpen { get; init; }
}
