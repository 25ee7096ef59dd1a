namespace Proxy.Capture;

/// <summary>How often the rules of captured pods are looked at. A look is some ten processes that run to their end.</summary>
internal sealed record RuleWatchOptions
{
    /// <summary>The time from one look at a pod to the next.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The least time from one look to the next, at whichever pod: with many pods a turn takes longer.</summary>
    public TimeSpan Gap { get; init; } = TimeSpan.FromMilliseconds(900);
}
