using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Proxy.Spiffe.Streams;

namespace Proxy.Spiffe.Tests.Streams;

/// <summary>A server that is away for ten minutes of virtual time, and many streams that want it back.</summary>
public sealed class OutageTests
{
    private const int Streams = 200;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Outage = TimeSpan.FromMinutes(10);

    private readonly FakeTimeProvider _time = new();
    private readonly List<(int Stream, DateTimeOffset At)> _attempts = [];
    private readonly TaskCompletionSource _never = new();
    private volatile bool _isThere;

    [Fact]
    public async Task Attempts_are_few_and_spread_and_so_is_the_return()
    {
        using var stop = new CancellationTokenSource();
        var start = _time.GetUtcNow();
        var running = Enumerable.Range(0, Streams).Select(stream => Subscribe(stream).RunAsync(stop.Token)).ToArray();
        // Not in the test's own context: what a timer continues goes on within the step then.
        await Task.Run(() => Advance(Outage), TestContext.Current.CancellationToken);

        // 100 ms, doubled up to 10 s, a fifth less at least: 8 attempts within 13 s, then one in 8 s.
        Assert.All(Enumerable.Range(0, Streams), stream => Assert.InRange(CountOf(stream), 40, 85));
        Assert.InRange(MostAtOnce(start + TimeSpan.FromMinutes(1)), 1, Streams / 10);

        var back = _time.GetUtcNow();
        _isThere = true;
        await Task.Run(() => Advance(TimeSpan.FromSeconds(13)), TestContext.Current.CancellationToken);
        Assert.All(Enumerable.Range(0, Streams), stream => Assert.Equal(1, CountOf(stream, back)));
        Assert.InRange(MostAtOnce(back), 1, Streams / 10);

        await stop.CancelAsync();
        await Task.WhenAll(running);
    }

    [Fact]
    public async Task Who_says_one_thing_and_hangs_up_is_asked_no_oftener_than_who_is_away()
    {
        using var stop = new CancellationTokenSource();
        _isThere = true;
        _never.SetResult();
        var running = Subscribe(0).RunAsync(stop.Token);

        await Task.Run(() => Advance(Outage), TestContext.Current.CancellationToken);

        Assert.InRange(CountOf(0), 40, 85);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public void Not_to_reach_the_server_is_no_workloads_own_fault()
    {
        var health = new SourceHealth("unix:///agent.sock", _ => { });
        health.Report(SourceHealth.Bundles, "the bundles", null);
        health.Report("uid-a", "the SVIDs of default/a", "PermissionDenied: no identity issued");
        Assert.True(health.IsConnected);
        health.Report("uid-b", "the SVIDs of default/b", "Unavailable: connection refused");
        Assert.False(health.IsConnected);
        health.Report("uid-b", "the SVIDs of default/b", null);
        Assert.True(health.IsConnected);
        health.Report("uid-c", "the SVIDs of default/c", "Unavailable: connection refused");
        health.Forget("uid-c");
        Assert.True(health.IsConnected);
    }

    private Subscription<string> Subscribe(int stream) => new(
        $"uid-{stream}",
        _time,
        stop => Open(stream, stop),
        _ => null,
        (_, _) => { });

    private AsyncServerStreamingCall<string> Open(int stream, CancellationToken stop)
    {
        lock (_attempts)
            _attempts.Add((stream, _time.GetUtcNow()));
        if (!_isThere)
            throw new RpcException(new Status(StatusCode.Unavailable, "connection refused"));
        return new AsyncServerStreamingCall<string>(
            new OneMessage(_never.Task.WaitAsync(stop)), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });
    }

    private void Advance(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += Step)
            _time.Advance(Step);
    }

    private int CountOf(int stream, DateTimeOffset since = default)
    {
        lock (_attempts)
            return _attempts.Count(attempt => attempt.Stream == stream && attempt.At > since);
    }

    /// <summary>Of all tenths of a second the one with the most attempts.</summary>
    private int MostAtOnce(DateTimeOffset since)
    {
        lock (_attempts)
            return _attempts.Where(attempt => attempt.At > since).GroupBy(attempt => attempt.At.Ticks / TimeSpan.FromMilliseconds(100).Ticks).Max(group => group.Count());
    }

    /// <summary>A stream that says one thing and then stays open until it may end.</summary>
    private sealed class OneMessage(Task never) : IAsyncStreamReader<string>
    {
        private bool _said;

        public string Current => "state";

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            if (_said)
            {
                await never;
                return false;
            }

            return _said = true;
        }
    }
}
