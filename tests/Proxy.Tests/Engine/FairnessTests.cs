using System.Diagnostics;
using Proxy.Engine;
using Proxy.Policy;
using Proxy.Tests.Tls;

namespace Proxy.Tests.Engine;

/// <summary>A quiet connection beside busy ones, all on one worker.</summary>
[Collection(nameof(AloneCollection))]
public sealed class FairnessTests : IDisposable
{
    private const int RoundTrips = 200;

    // What a chunk of 32 KiB costs with TLS, and a step of a handshake.
    private static readonly TimeSpan s_chunk = TimeSpan.FromMicroseconds(25);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(1);

    // One worker's pass is below 10 ms, several times that on a loaded machine; a round of everybody who is busy here
    // takes two seconds at least, and posted actions that post again would never end.
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(1);

    private readonly TestWorker _worker = new();
    private readonly Loopback _loopback = new();
    private volatile bool _isOver;

    public void Dispose()
    {
        _isOver = true;
        _loopback.Dispose();
        _worker.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    public async Task Busy_lanes_leave_a_quiet_connection_its_turn(int busy)
    {
        var moved = 0L;
        await _worker.DoAsync(() =>
        {
            for (var i = 0; i < busy; i++)
                _ = Relay.RunAsync(_worker.Worker, new BusyLeg(() => { moved++; return !_isOver; }), new BusyLeg(() => false)).AsTask();
        });
        await MeasureAsync($"{busy} busy lanes");
        Assert.True(busy == 0 || await _worker.AskAsync(() => moved) > RoundTrips);
        _isOver = true;
        await _worker.SettleAsync();
    }

    [Fact]
    public async Task A_flood_of_handshakes_leaves_a_quiet_connection_and_another_client_their_turn()
    {
        const int flood = 4000;
        var (flooder, other) = (Address.FromBytes([10, 0, 0, 1]), Address.FromBytes([10, 0, 0, 2]));
        await _worker.DoAsync(() =>
        {
            for (var i = 0; i < flood; i++)
                _ = HandshakeAsync(_worker.Worker.Handshakes.Of(flooder)).AsTask();
        });
        await MeasureAsync($"{flood} handshakes");
        var start = Stopwatch.GetTimestamp();
        Assert.True(await _worker.RunAsync(() => HandshakeAsync(_worker.Worker.Handshakes.Of(other))));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_bound);
        Assert.True(await _worker.AskAsync(() => _worker.Worker.Handshakes.Waiting) > flood / 4, "the flood was over too early to tell");
        _isOver = true;
    }

    [Fact]
    public async Task Many_posted_actions_leave_a_quiet_connection_its_turn()
    {
        for (var i = 0; i < 1000; i++)
            _worker.Worker.Post(Again);
        await MeasureAsync("1000 posted actions that post again");

        void Again()
        {
            Spend(s_chunk);
            if (!_isOver)
                _worker.Worker.Post(Again);
        }
    }

    private async Task MeasureAsync(string beside)
    {
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        _ = _worker.RunAsync(() => Relay.RunAsync(_worker.Worker, clientLeg, serverLeg));
        var times = await Patience.OnThread(() => Enumerable.Range(0, RoundTrips).Select(_ => PingPong(client, server)).Order().ToArray());
        var p99 = times[RoundTrips * 99 / 100];
        TestContext.Current.TestOutputHelper?.WriteLine($"beside {beside}: median {times[RoundTrips / 2].TotalMilliseconds:F2} ms, p99 {p99.TotalMilliseconds:F2} ms");
        Assert.InRange(p99, TimeSpan.Zero, s_bound);
    }

    private static TimeSpan PingPong(Peer client, Peer server)
    {
        var start = Stopwatch.GetTimestamp();
        client.Send("ping");
        server.Expect("ping");
        server.Send("pong");
        client.Expect("pong");
        return Stopwatch.GetElapsedTime(start);
    }

    private async ValueTask<bool> HandshakeAsync(HandshakeTurn turn)
    {
        for (var step = 0; step < 2 && !_isOver; step++)
        {
            if (!await turn.NextAsync())
                return false;
            Spend(s_step);
        }

        return true;
    }

    private static void Spend(TimeSpan time)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time;)
            Thread.SpinWait(10);
    }

    /// <summary>A connection that always has something to read and always takes what is written.</summary>
    private sealed class BusyLeg(Func<bool> hasMore) : Leg
    {
        internal override Action? OnReset { get; set; }

        internal override ValueTask WaitAsync() => default;

        internal override ValueTask<int> ReadAsync(Memory<byte> buffer)
        {
            if (!hasMore())
                return new ValueTask<int>(0);
            Spend(s_chunk);
            return new ValueTask<int>(buffer.Length);
        }

        internal override ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes) => new(true);

        internal override ValueTask<bool> EndAsync() => new(true);

        internal override void Close()
        {
        }

        internal override void Abort()
        {
        }
    }
}
