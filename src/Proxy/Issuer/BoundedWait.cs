namespace Proxy.Issuer;

/// <summary>
/// How long to wait for what is due by the clock. Timers know nothing of a clock that was set, nor of the time that a machine
/// slept: who waits looks again after <see cref="Longest"/>.
/// </summary>
internal static class BoundedWait
{
    /// <summary>What is late is not looked at without a pause.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    public static TimeSpan Until(DateTimeOffset due, TimeProvider time)
    {
        var wait = due - time.GetUtcNow();
        return wait < Shortest ? Shortest : wait > Longest ? Longest : wait;
    }
}
