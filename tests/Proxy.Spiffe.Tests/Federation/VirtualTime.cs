using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Proxy.Spiffe.Federation;

namespace Proxy.Spiffe.Tests.Federation;

/// <summary>A clock that a test moves, and that tells what is being waited for: to move it before somebody waits moves nothing.</summary>
internal sealed class VirtualTime() : FakeTimeProvider(TestAuthority.Now)
{
    private readonly Channel<TimeSpan> _waits = Channel.CreateUnbounded<TimeSpan>();
    private readonly Channel<TimeSpan> _limits = Channel.CreateUnbounded<TimeSpan>();

    /// <summary>The next wait between two fetches.</summary>
    public Task<TimeSpan> WaitAsync() => ReadAsync(_waits);

    /// <summary>The next fetch has begun and is under its limit.</summary>
    public Task<TimeSpan> LimitAsync() => ReadAsync(_limits);

    /// <summary>Moves to the next fetch; gives how long it was waited for.</summary>
    public async Task<TimeSpan> ToNextFetchAsync()
    {
        var wait = await WaitAsync();
        Advance(wait);
        return wait;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        (dueTime == BundleClient.Limit ? _limits : _waits).Writer.TryWrite(dueTime);
        return timer;
    }

    private static async Task<TimeSpan> ReadAsync(Channel<TimeSpan> timers) =>
        await timers.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
}
