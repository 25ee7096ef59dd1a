using Proxy.Capture;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Tunnels;

/// <summary>How many tunnels rest, and for how long: at, below and above each limit.</summary>
public sealed class TunnelPoolTests
{
    [Theory]
    [InlineData(0, 1024, 2, 0)]
    [InlineData(1, 1024, 2, 1)]
    [InlineData(2, 1024, 2, 2)]
    [InlineData(3, 1024, 2, 2)]
    [InlineData(32, 0, 2, 0)]
    [InlineData(32, 1, 2, 1)]
    [InlineData(32, 2, 2, 2)]
    public async Task No_more_rest_than_may(int perPair, int inAll, int ended, int resting)
    {
        using var nodes = new TwoNodes(Limits(new TunnelLimits { RestingPerPair = perPair, Resting = inAll }));
        await EndAtOnceAsync(nodes, ended);
        Assert.Equal(resting, nodes.Resting);
        await nodes.ConverseAsync();
        Assert.Equal(resting > 0 ? ended : ended + 1, nodes.Handshakes);
        await nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task One_pair_that_has_all_places_makes_room_for_another()
    {
        using var nodes = new TwoNodes(Limits(new TunnelLimits { Resting = 2 }));
        var otherPort = await nodes.OpenPortAsync(nodes.Application.Endpoint);
        await EndAtOnceAsync(nodes, 2);
        Assert.Equal(2, nodes.Handshakes);
        for (var i = 0; i < 3; i++)
            await ConverseAsync(nodes, otherPort);
        Assert.Equal((3, 2), (nodes.Handshakes, nodes.Resting));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    public async Task None_rests_on_a_descriptor_that_connections_need(int descriptors, int resting)
    {
        var budget = new ConnectionBudget(1000, descriptors);
        using var nodes = new TwoNodes(budget: budget);
        await EndAtOnceAsync(nodes, 2);
        Assert.Equal(resting, nodes.Resting);
        while (await nodes.Near.Worker.AskAsync(nodes.Near.Seat.Tunnels.TryEndOne))
        {
            // Each gives its descriptor back.
        }

        Assert.Equal((0, descriptors / 2), (nodes.Resting, budget.Limit));
    }

    [Fact]
    public async Task A_tunnel_without_a_stream_ends_after_its_time()
    {
        using var nodes = new TwoNodes(Limits(new TunnelLimits { Idle = TimeSpan.FromMilliseconds(200) }));
        await nodes.ConverseAsync();
        Assert.Equal(OutcomeReason.Completed, (await nodes.TunnelEndAsync()).Reason);
        await nodes.Near.SettleAsync();
        Assert.Equal(0, nodes.Resting);
    }

    private static ConnectionLimits Limits(TunnelLimits tunnels) => Node.Patient with { Tunnels = tunnels };

    private static async Task ConverseAsync(TwoNodes nodes, Native.Endpoint port)
    {
        var (story, client) = await nodes.ConnectAsync(port);
        var server = await Patience.OnThread(nodes.Application.Accept);
        client.End();
        server.ExpectEnd();
        server.End();
        client.ExpectEnd();
        await story;
        await nodes.Near.SettleAsync();
    }

    private static async Task EndAtOnceAsync(TwoNodes nodes, int count)
    {
        var all = new List<(Task Story, Peer Client, Peer Server)>();
        for (var i = 0; i < count; i++)
        {
            var (story, client) = await nodes.ConnectAsync();
            all.Add((story, client, await Patience.OnThread(nodes.Application.Accept)));
        }

        foreach (var (story, client, server) in all)
        {
            client.End();
            server.ExpectEnd();
            server.End();
            client.ExpectEnd();
            await story;
        }

        await nodes.Near.SettleAsync();
    }
}
