namespace Proxy.Spiffe.Federation;

/// <summary>
/// When an endpoint is asked again: after the time that its bundle hints at, a tenth earlier at most so that nodes do not
/// come in step. A failure waits for the next such time, not less (SPIFFE Federation, section 6.2), and longer each time
/// where that is very often; only who holds no bundle yet begins sooner.
/// </summary>
internal sealed class RefreshSchedule
{
    /// <summary>Without a hint (SPIFFE Federation, section 4.1).</summary>
    public static readonly TimeSpan Default = TimeSpan.FromMinutes(5);

    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>A key that is withdrawn is believed for no longer than this.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    private TimeSpan _interval = Default;
    private TimeSpan _retry = FirstRetry;

    /// <param name="hint">What the bundle says; null when it says nothing.</param>
    /// <param name="chance">In 0..1; 1 waits longest.</param>
    public TimeSpan AfterSuccess(TimeSpan? hint, double chance)
    {
        var wanted = hint ?? Default;
        _interval = wanted < Shortest ? Shortest : wanted > Longest ? Longest : wanted;
        _retry = _interval;
        return _interval * (0.9 + (0.1 * chance));
    }

    /// <param name="chance">In 0..1; 1 waits longest.</param>
    public TimeSpan AfterFailure(double chance)
    {
        var wait = _retry;
        var most = _interval > LongestRetry ? _interval : LongestRetry;
        _retry = wait * 2 < most ? wait * 2 : most;
        return wait * (0.8 + (0.2 * chance));
    }
}
