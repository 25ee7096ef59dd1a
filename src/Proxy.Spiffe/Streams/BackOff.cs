namespace Proxy.Spiffe.Streams;

/// <summary>Waits 100 ms, then twice as long each time up to 10 s, a fifth more or less, so that streams do not return in step.</summary>
internal sealed class BackOff(TimeProvider time)
{
    /// <summary>A stream that has lived so long shows that its server is well.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);

    private TimeSpan _next = First;

    public void Reset() => _next = First;

    public Task WaitAsync(CancellationToken stop)
    {
        var delay = Next(Random.Shared.NextDouble());
        return Task.Delay(delay, time, stop);
    }

    /// <summary>The next delay; <paramref name="chance"/> is in 0..1.</summary>
    public TimeSpan Next(double chance)
    {
        var delay = _next * (0.8 + (0.4 * chance));
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return delay;
    }
}
