using Proxy.Engine;

namespace Proxy.Tests.Engine;

/// <summary>Connections that neither of their ends ends.</summary>
public sealed class RelayWatchTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_below = s_limit - TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private readonly TestWorker _worker;
    private readonly Loopback _loopback = new();
    private readonly List<RelayEnd> _ends = [];

    public RelayWatchTests() => _worker = new TestWorker(_time);

    public void Dispose()
    {
        _loopback.Dispose();
        _worker.Dispose();
    }

    [Theory]
    [InlineData(59, false)]
    [InlineData(61, true)]
    public async Task A_silent_connection_ends_at_its_limit_and_not_before(int seconds, bool ends)
    {
        var rig = await RelayAsync(new RelayLimits { Idle = s_limit });
        await PassAsync(TimeSpan.FromSeconds(seconds));
        await AssertAsync(rig, ends ? RelayEnd.Idle : null);
    }

    [Fact]
    public async Task Every_byte_in_either_direction_begins_the_time_anew()
    {
        var rig = await RelayAsync(new RelayLimits { Idle = s_limit });
        for (var i = 0; i < 4; i++)
        {
            await PassAsync(s_below);
            var (from, to) = i % 2 == 0 ? (rig.Client, rig.Server) : (rig.Server, rig.Client);
            from.Send("x");
            to.Expect("x");
            await _worker.SettleAsync();
        }

        await AssertAsync(rig, null);
        await PassAsync(2 * s_limit);
        await AssertAsync(rig, RelayEnd.Idle);
    }

    [Theory]
    [InlineData(0, 59, null)]
    [InlineData(0, 61, RelayEnd.HalfOpen)]
    [InlineData(30, 31, RelayEnd.Idle)]
    [InlineData(3600, 61, RelayEnd.HalfOpen)]
    public async Task A_half_open_connection_ends_when_the_other_end_is_silent(int idleSeconds, int seconds, object? expected)
    {
        var rig = await RelayAsync(new RelayLimits { Idle = TimeSpan.FromSeconds(idleSeconds), HalfOpen = s_limit });
        rig.Client.End();
        rig.Server.ExpectEnd();
        await _worker.SettleAsync();
        await PassAsync(TimeSpan.FromSeconds(seconds));
        await AssertAsync(rig, (RelayEnd?)expected);
    }

    [Fact]
    public async Task A_half_open_connection_that_still_sends_goes_on()
    {
        var rig = await RelayAsync(new RelayLimits { HalfOpen = s_limit });
        rig.Client.End();
        rig.Server.ExpectEnd();
        for (var i = 0; i < 3; i++)
        {
            await PassAsync(s_below);
            rig.Server.Send("x");
            rig.Client.Expect("x");
            await _worker.SettleAsync();
        }

        await AssertAsync(rig, null);
    }

    [Fact]
    public async Task Without_limits_nothing_ends_and_no_timer_runs()
    {
        var rig = await RelayAsync(RelayLimits.None);
        rig.Client.End();
        rig.Server.ExpectEnd();
        await PassAsync(TimeSpan.FromDays(30));
        await AssertAsync(rig, null);
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Timers.Pending));
    }

    [Fact]
    public async Task A_connection_that_ends_in_order_leaves_no_timer()
    {
        var rig = await RelayAsync(new RelayLimits { Idle = s_limit, HalfOpen = s_limit });
        rig.Client.End();
        rig.Server.End();
        Assert.True(await rig.Relay);
        await _worker.SettleAsync();
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Timers.Pending));
        Assert.Empty(_ends);
    }

    private async Task<Rig> RelayAsync(RelayLimits limits)
    {
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        void End(RelayEnd end)
        {
            _ends.Add(end);
            clientLeg.Abort();
            serverLeg.Abort();
        }

        var relay = _worker.RunAsync(() => Relay.RunAsync(_worker.Worker, clientLeg, serverLeg, new RelayWatch(_worker.Worker, limits, End)));
        await _worker.SettleAsync();
        return new Rig(client, server, relay);
    }

    private async Task PassAsync(TimeSpan time)
    {
        await _worker.DoAsync(() => _time.Advance(time));
        await _worker.SettleAsync();
    }

    private async Task AssertAsync(Rig rig, RelayEnd? expected)
    {
        if (expected is not { } end)
        {
            Assert.Empty(_ends);
            Assert.False(rig.Relay.IsCompleted);
            return;
        }

        Assert.False(await rig.Relay);
        Assert.Equal(end, Assert.Single(_ends));
        rig.Client.ExpectReset();
    }

    private sealed record Rig(Peer Client, Peer Server, Task<bool> Relay);
}
