using Lab;
using Lab.Traffic;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>One of the two node-proxies between a client and its server fails under load.</summary>
public abstract class PeerFaultTests(FaultLab fault)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLength = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(0, "KILL")]
    [InlineData(1, "KILL")]
    [InlineData(0, "TERM")]
    [InlineData(1, "TERM")]
    public async Task Streams_of_a_proxy_that_ends_are_reset_and_new_ones_succeed_as_soon_as_it_is_back(int number, string signal)
    {
        var (node, run) = (fault.Mesh.Lab.Nodes[number], await fault.TalkAsync());
        await node.Proxy!.SignalAsync(signal);
        await node.Proxy.WaitForExitAsync(Limit);
        var ended = Now();
        var wasReset = await run.AwaitAsync(record => record.Begun <= ended && record.Result == TrafficRecord.Cut, Limit);

        await node.StartProxyAsync();
        var back = Now();

        await AssertHealedAsync(run, back);
        Assert.True(wasReset, $"no stream in flight was reset:\n{run.Process.Log}");
        // A reset comes at once; a stream that ends only by its client's own limit was left hanging.
        Assert.DoesNotContain(run.Records(), record => record.Begun <= ended && record.Result == TrafficRecord.Late);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_proxy_that_stands_still_for_a_while_loses_and_doubles_nothing(int number)
    {
        var (node, run) = (fault.Mesh.Lab.Nodes[number], await fault.TalkAsync());
        await node.Proxy!.SignalAsync("STOP");
        await Task.Delay(StopLength, TestContext.Current.CancellationToken);

        await node.Proxy.SignalAsync("CONT");

        await AssertHealedAsync(run, Now());
    }

    /// <summary>Every connection begun after the moment succeeds, in each kind; what was begun before was answered once, or reset.</summary>
    private async Task AssertHealedAsync(TrafficRun run, long since)
    {
        await Wait.UntilAsync(() => run.Kinds(record => record.Begun >= since).Count == TrafficRun.AllKinds, Limit);
        Assert.Equal(0, await run.StopAsync());
        Assert.Equal(TrafficRun.AllKinds, run.Kinds(record => record.Begun >= since).Count);
        Assert.DoesNotContain(run.Records(), record => record.Begun >= since && !record.IsGood);
        Assert.DoesNotContain(run.Records(), record => record.Result == TrafficRecord.Wrong);
        Assert.Empty(fault.Mesh.Servers.SelectMany(TrafficRun.ViolationsOf));
    }

    private static long Now() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
}
