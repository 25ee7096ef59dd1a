using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Tunnels;

public sealed class TunnelTests : IDisposable
{
    private readonly TwoNodes _nodes = new();

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public async Task A_thousand_connections_one_after_another_make_one_handshake()
    {
        for (var i = 0; i < 1000; i++)
            await _nodes.ConverseAsync($"question {i}", $"answer {i}");
        Assert.Equal((1, 1), (_nodes.Handshakes, _nodes.Resting));
        await _nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task Connections_at_the_same_time_have_a_tunnel_each_and_leave_them_to_the_next()
    {
        var all = new List<(Task<ConnectionOutcome> Story, Peer Client, Peer Server)>();
        for (var i = 0; i < 5; i++)
            all.Add(await BeginAsync($"connection {i}"));
        Assert.Equal((5, 0), (_nodes.Handshakes, _nodes.Resting));
        foreach (var (story, client, server) in all)
            await EndAsync(story, client, server);
        await _nodes.Near.SettleAsync();
        Assert.Equal(5, _nodes.Resting);
        for (var i = 0; i < 10; i++)
            await _nodes.ConverseAsync();
        Assert.Equal(5, _nodes.Handshakes);
    }

    [Fact]
    public async Task Requests_that_the_clients_side_looks_at_do_not_go_before_they_are_judged()
    {
        _nodes.Publish(ClientMayAsk(OnlyOpen(_nodes.Address.Port)));
        for (var i = 0; i < 2; i++)
        {
            var (story, client) = await _nodes.ConnectAsync();
            client.Send("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n");
            client.End();
            Assert.StartsWith("HTTP/1.1 403", client.ReceiveToEnd(), StringComparison.Ordinal);
            var server = await Patience.OnThread(_nodes.Application.Accept);
            server.ExpectEnd();
            server.End();
            Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        }
    }

    [Fact]
    public async Task The_server_may_speak_first_and_each_side_may_end_first()
    {
        var (story, client) = await _nodes.ConnectAsync();
        var server = await Patience.OnThread(_nodes.Application.Accept);
        server.Send("220 ready");
        client.Expect("220 ready");
        server.End();
        client.ExpectEnd();
        client.Send("after your end");
        server.Expect("after your end");
        client.End();
        server.ExpectEnd();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        await _nodes.ConverseAsync();
    }

    [Fact]
    public async Task What_a_client_sent_before_it_ended_arrives_with_its_end()
    {
        var (story, client) = await _nodes.ConnectAsync();
        client.Send("all I have");
        client.End();
        var server = await Patience.OnThread(_nodes.Application.Accept);
        Assert.Equal("all I have", server.ReceiveToEnd());
        server.Send("thanks");
        server.End();
        Assert.Equal("thanks", client.ReceiveToEnd());
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        Assert.Equal(1, _nodes.Resting);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reset_reaches_the_other_end_and_ends_this_tunnel_only(bool byClient)
    {
        var (otherStory, otherClient, otherServer) = await BeginAsync("other");
        var (story, client, server) = await BeginAsync("mine");
        (byClient ? client : server).Reset();
        (byClient ? server : client).ExpectReset();
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
        Assert.Equal(0, _nodes.Resting);
        await EndAsync(otherStory, otherClient, otherServer);
        await _nodes.ConverseAsync();
        Assert.Equal((2, 1), (_nodes.Handshakes, _nodes.Resting));
    }

    [Fact]
    public async Task A_large_transfer_arrives_whole_in_both_directions()
    {
        var (story, client, server) = await BeginAsync("go");
        var bytes = new byte[8 * 1024 * 1024];
        new Random(7).NextBytes(bytes);
        await CopyAsync(client, server, bytes);
        await CopyAsync(server, client, bytes);
        await EndAsync(story, client, server);
        await _nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_refusal_of_the_servers_node_names_its_reason_and_rule_and_leaves_the_tunnel()
    {
        await _nodes.ConverseAsync();
        // The server's node knows a policy that the client's node has not heard of.
        _nodes.Far.Mesh.Publish(ClusterOf(ServerAdmitsClient(ports: "toPorts: [{ports: [{port: \"1\"}]}]"), TwoNodes.Client, TwoNodes.Server));
        var (story, client) = await _nodes.ConnectAsync();
        var outcome = await story;
        client.ExpectReset();
        Assert.Equal(OutcomeReason.PolicyDenied, outcome.Reason);
        Assert.Contains("admits-client", outcome.Detail, StringComparison.Ordinal);
        Assert.False(_nodes.Application.HasCaller());
        _nodes.Publish();
        await _nodes.ConverseAsync();
        Assert.Equal(1, _nodes.Handshakes);
    }

    [Fact]
    public async Task A_server_that_refuses_is_told_of_and_the_tunnel_carries_the_next()
    {
        await _nodes.ConverseAsync();
        _nodes.Destination = Loopback.Closed() with { Address = _nodes.Application.Endpoint.Address };
        // A tunnel's destination is that of its own connection: the one at rest still leads to the open port.
        var (first, firstClient, firstServer) = await BeginAsync("ping");
        var (story, client) = await _nodes.ConnectAsync();
        Assert.Equal(OutcomeReason.ServerRefused, (await story).Reason);
        client.ExpectReset();
        var (again, againClient) = await _nodes.ConnectAsync();
        Assert.Equal(OutcomeReason.ServerRefused, (await again).Reason);
        againClient.ExpectReset();
        Assert.Equal(2, _nodes.Handshakes);
        await EndAsync(first, firstClient, firstServer);
        await _nodes.AssertNothingHeldAsync();
    }

    [Theory]
    [InlineData("client")]
    [InlineData("server")]
    public async Task Rotation_leaves_the_live_stream_and_no_other_follows_it(string uid)
    {
        await _nodes.ConverseAsync();
        var (story, client, server) = await BeginAsync("live");
        _nodes.Rotate(uid);
        client.Send("still here");
        server.Expect("still here");
        await EndAsync(story, client, server);
        await _nodes.ConverseAsync();
        Assert.Equal((2, 1), (_nodes.Handshakes, _nodes.Resting));
        await _nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task Rotation_that_is_faster_than_handshakes_fails_no_connection()
    {
        using var stop = new CancellationTokenSource();
        var rotating = RotateAsync();
        for (var i = 0; i < 10; i++)
            await _nodes.ConverseAsync();
        await stop.CancelAsync();
        await rotating;
        await _nodes.AssertNothingHeldAsync();

        async Task RotateAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                _nodes.Rotate("server");
                _nodes.Rotate("client");
                await _nodes.Near.SettleAsync();
                await _nodes.Far.SettleAsync();
            }
        }
    }

    [Theory]
    [InlineData("client")]
    [InlineData("server")]
    public async Task A_tunnel_at_rest_ends_with_the_SVID_it_rests_on(string uid)
    {
        await _nodes.ConverseAsync();
        _nodes.Rotate(uid);
        Assert.Equal(OutcomeReason.Completed, (await _nodes.TunnelEndAsync()).Reason);
        Assert.Equal(0, _nodes.Resting);
    }

    [Theory]
    [InlineData("client", nameof(OutcomeReason.NoClientSvid))]
    [InlineData("server", nameof(OutcomeReason.NoServerSvid))]
    public async Task Withdrawal_of_an_SVID_cuts_the_live_stream(string uid, string reason)
    {
        var (story, client, server) = await BeginAsync("live");
        _nodes.Withdraw(uid);
        client.ExpectReset();
        server.ExpectReset();
        await story;
        var told = uid == "client" ? (await story).Reason : (await _nodes.StreamEndAsync()).Reason;
        Assert.Equal(reason, told.ToString());
        Assert.Equal(0, _nodes.Resting);
    }

    [Fact]
    public async Task Another_pod_at_the_same_address_gets_no_old_tunnel()
    {
        await _nodes.ConverseAsync();
        var (story, client, server) = await BeginAsync("live");
        _nodes.Publish(server: Stage.ServerOn(OtherNode, uid: "server2"));
        client.ExpectReset();
        server.ExpectReset();
        Assert.Equal(OutcomeReason.WorkloadChanged, (await story).Reason);
        await _nodes.Near.SettleAsync();
        Assert.Equal(0, _nodes.Resting);
    }

    [Theory]
    [InlineData("client2", Stage.ClientAddress)]
    [InlineData("client", "127.0.1.9")]
    public async Task A_tunnel_at_rest_ends_with_the_client_pod_or_its_address(string uid, string address)
    {
        await _nodes.ConverseAsync();
        // The server's node has not heard of it.
        _nodes.Near.Mesh.Publish(ClusterOf("", Pod("client", address, ThisNode, uid: uid, account: "client"), TwoNodes.Server));
        await _nodes.Near.SettleAsync();
        Assert.Equal(0, _nodes.Resting);
    }

    [Fact]
    public async Task A_new_bundle_needs_a_new_handshake()
    {
        await _nodes.ConverseAsync();
        _nodes.RenewBundle();
        await _nodes.TunnelEndAsync();
        await _nodes.ConverseAsync();
        Assert.Equal((2, 1), (_nodes.Handshakes, _nodes.Resting));
    }

    [Fact]
    public async Task A_tunnel_whose_other_end_is_gone_is_not_used()
    {
        await _nodes.ConverseAsync();
        await _nodes.Far.Worker.DoAsync(() => _nodes.Far.Seat.Table.ForEach(tunnel => tunnel.Abort(), (_, _) => { }));
        await _nodes.ConverseAsync();
        Assert.Equal(2, _nodes.Handshakes);
    }

    private async Task<(Task<ConnectionOutcome> Story, Peer Client, Peer Server)> BeginAsync(string first)
    {
        var (story, client) = await _nodes.ConnectAsync();
        client.Send(first);
        var server = await Patience.OnThread(_nodes.Application.Accept);
        server.Expect(first);
        return (story, client, server);
    }

    private static async Task EndAsync(Task<ConnectionOutcome> story, Peer client, Peer server)
    {
        client.End();
        server.ExpectEnd();
        server.End();
        client.ExpectEnd();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    private static async Task CopyAsync(Peer from, Peer to, byte[] bytes)
    {
        var received = new byte[bytes.Length];
        var receiving = Patience.OnThread(() => to.ReceiveExactly(received));
        await Patience.OnThread(() => from.Send(bytes));
        await receiving;
        Assert.True(bytes.AsSpan().SequenceEqual(received));
    }
}
