namespace Proxy.Capture;

/// <summary>What has come of looking at the rules of a captured pod, since this process captured it.</summary>
internal sealed record RuleReport
{
    /// <summary>When they were last looked at to the end; null: not yet.</summary>
    internal DateTimeOffset? LookedAt { get; init; }

    /// <summary>How often they were found to be no longer what was made, and were made right.</summary>
    internal int Repairs { get; init; }

    /// <summary>What was last found missing or foreign, made right or not; null: nothing ever.</summary>
    internal string? LastFault { get; init; }

    /// <summary>When that was.</summary>
    internal DateTimeOffset? LastFaultAt { get; init; }

    /// <summary>Why they could not be looked at or made right the last time; null: they stand.</summary>
    internal string? Fault { get; init; }
}
