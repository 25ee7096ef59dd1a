using Proxy.Tests.Engine;

namespace Proxy.Tests.Stories;

public sealed class SnapshotSignalTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private readonly TestWorker _worker;
    private readonly SnapshotSignal _signal;

    public SnapshotSignalTests()
    {
        _worker = new TestWorker(_time);
        _signal = new SnapshotSignal(_worker.Worker);
    }

    public void Dispose() => _worker.Dispose();

    [Fact]
    public async Task Everyone_who_waits_is_woken_and_who_waits_again_is_not()
    {
        var woken = 0;
        await _worker.DoAsync(() =>
        {
            for (var i = 0; i < 100; i++)
                _ = WaitTwiceAsync(() => woken++).AsTask();
        });
        await _worker.DoAsync(_signal.Signal);
        Assert.Equal(100, woken);
        await _worker.DoAsync(_signal.Signal);
        Assert.Equal(200, woken);
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Timers.Pending));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Many_who_wait_cost_no_more_than_their_number(bool isSignalled)
    {
        const int count = 100_000;
        var ended = new List<bool>(count);
        await _worker.DoAsync(() =>
        {
            for (var i = 0; i < count; i++)
                _ = WaitOnceAsync(ended).AsTask();
        });
        var start = TimeProvider.System.GetTimestamp();
        await _worker.DoAsync(() =>
        {
            if (isSignalled)
                _signal.Signal();
            else
                _time.Advance(2 * s_limit);
        });
        while (await _worker.AskAsync(() => ended.Count) < count)
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(3), "every one of them costs as much as all");
        Assert.All(ended, wasSignalled => Assert.Equal(isSignalled, wasSignalled));
    }

    private async ValueTask WaitTwiceAsync(Action onWoken)
    {
        for (var i = 0; i < 2; i++)
        {
            Assert.True(await _signal.NextAsync(s_limit));
            onWoken();
        }
    }

    private async ValueTask WaitOnceAsync(List<bool> ended) => ended.Add(await _signal.NextAsync(s_limit));
}
