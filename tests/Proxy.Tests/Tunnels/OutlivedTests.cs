using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Lifetime;

namespace Proxy.Tests.Tunnels;

/// <summary>Streams and tunnels whose SVIDs have expired: rotation leaves them alone, up to the maximum age.</summary>
public sealed class OutlivedTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ShortLife = TimeSpan.FromMinutes(20);

    private readonly SetDate _date = new();
    private readonly TwoNodes _nodes;

    public OutlivedTests() =>
        _nodes = new TwoNodes(new ConnectionLimits { AgePastExpiry = Limit, Hold = TimeSpan.FromMilliseconds(100), Handshake = Patience.Limit }, time: _date);

    public void Dispose() => _nodes.Dispose();

    [Theory]
    [InlineData("client")]
    [InlineData("server")]
    public async Task A_live_stream_stays_up_to_the_limit_past_the_first_of_its_two_SVIDs(string shortLived)
    {
        _nodes.Rotate(shortLived, ShortLife);
        var (story, client, server) = await _nodes.BeginAsync();
        var expiry = _nodes.FirstExpiry;
        _nodes.Rotate(shortLived);

        _date.Now = expiry + Limit - TimeSpan.FromTicks(1);
        await _nodes.LookAtTheClockAsync();
        client.Send("still here");
        server.Expect("still here");
        await TwoNodes.CompleteAsync(story, client, server);
    }

    [Theory]
    [InlineData("client", true)]
    [InlineData("client", false)]
    [InlineData("server", true)]
    [InlineData("server", false)]
    [Produces(OutcomeReason.SvidOutlived)]
    public async Task Each_node_cuts_it_at_the_limit_whoever_the_SVID_belongs_to(string shortLived, bool byClientsNode)
    {
        _nodes.Rotate(shortLived, ShortLife);
        var (story, client, server) = await _nodes.BeginAsync();

        _date.Now = _nodes.FirstExpiry + Limit;
        var node = byClientsNode ? _nodes.Near : _nodes.Far;
        Assert.True(node.Seat.IsAgeDue);
        await node.Worker.DoAsync(node.Seat.CutOutlived);

        client.ExpectReset();
        server.ExpectReset();
        var ended = byClientsNode ? await story : await _nodes.StreamEndAsync();
        Assert.Equal(OutcomeReason.SvidOutlived, ended.Reason);
        await _nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_busy_stream_is_cut_like_an_idle_one()
    {
        var (story, client, server) = await _nodes.BeginAsync();
        var sending = Patience.OnThread(() => Record.Exception(() =>
        {
            for (var isOpen = true; isOpen;)
                client.Send(new byte[64 * 1024]);
        }));
        server.Receive(new byte[64 * 1024]);

        _date.Now = _nodes.FirstExpiry + Limit;
        await _nodes.LookAtTheClockAsync();

        Assert.NotNull(await sending);
        Assert.Equal(OutcomeReason.SvidOutlived, (await story).Reason);
    }

    [Fact]
    public async Task A_change_of_the_mesh_finds_it_too()
    {
        var (story, client, _) = await _nodes.BeginAsync();
        _date.Now = _nodes.FirstExpiry + Limit;
        _nodes.RenewBundle();
        client.ExpectReset();
        Assert.Equal(OutcomeReason.SvidOutlived, (await story).Reason);
    }

    [Fact]
    public async Task A_change_of_the_mesh_leaves_it_while_an_SVID_that_nobody_renewed_is_held()
    {
        var (story, client, server) = await _nodes.BeginAsync();
        _date.Now = _nodes.FirstExpiry.AddSeconds(1);
        _nodes.RenewBundle();
        await _nodes.Near.SettleAsync();
        await _nodes.Far.SettleAsync();
        client.Send("still here");
        server.Expect("still here");
        await TwoNodes.CompleteAsync(story, client, server);
    }

    [Fact]
    public async Task No_new_stream_begins_once_an_SVID_has_expired()
    {
        await ConverseAsync();
        _date.Now = _nodes.FirstExpiry;
        var (story, client) = await _nodes.ConnectAsync();
        client.ExpectReset();
        Assert.Equal(OutcomeReason.NoClientSvid, (await story).Reason);
    }

    [Fact]
    public async Task A_tunnel_at_rest_ends_at_the_servers_node_too()
    {
        await ConverseAsync();
        _date.Now = _nodes.FirstExpiry + Limit;
        await _nodes.Far.Worker.DoAsync(_nodes.Far.Seat.CutOutlived);
        Assert.Equal(OutcomeReason.SvidOutlived, (await _nodes.TunnelEndAsync()).Reason);
    }

    [Fact]
    public async Task Who_has_time_left_is_looked_at_again()
    {
        _nodes.Rotate("client", ShortLife);
        var (shorter, shortClient, _) = await _nodes.BeginAsync();
        var first = _nodes.FirstExpiry;
        _nodes.Rotate("client");
        var (longer, longClient, _) = await _nodes.BeginAsync();

        _date.Now = first + Limit;
        await _nodes.LookAtTheClockAsync();
        Assert.Equal(OutcomeReason.SvidOutlived, (await shorter).Reason);
        Assert.False(longer.IsCompleted);

        _date.Now = _nodes.FirstExpiry + Limit;
        Assert.True(_nodes.Near.Seat.IsAgeDue);
        await _nodes.LookAtTheClockAsync();
        Assert.Equal(OutcomeReason.SvidOutlived, (await longer).Reason);
        shortClient.ExpectReset();
        longClient.ExpectReset();
    }

    private async Task ConverseAsync()
    {
        var (story, client, server) = await _nodes.BeginAsync();
        await TwoNodes.CompleteAsync(story, client, server);
    }
}
