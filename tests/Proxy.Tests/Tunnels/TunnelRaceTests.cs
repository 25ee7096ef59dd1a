using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Lifetime;
using Proxy.Tests.Stories;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Tunnels;

/// <summary>What the one end of a tunnel does while something else is on its way from the other.</summary>
public sealed class TunnelRaceTests : IDisposable
{
    private readonly Stage _stage = new(open: TimeSpan.FromSeconds(5));

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task A_server_that_proves_what_is_no_longer_expected_of_it_gets_nothing()
    {
        var (story, client) = await GoOutAsync();
        client.Send("secret");
        var wire = _stage.Server.Accept();
        await _stage.Worker.SettleAsync();
        _stage.Mesh.Publish(ClusterOf("", Stage.Client(), Pod("server", Stage.ServerAddress, OtherNode, uid: "server", account: "other")));
        await _stage.Worker.SettleAsync();
        var peer = await FramePeer.ServeAsync(wire, _stage.Pki);
        Assert.Equal(OutcomeReason.PeerUnexpectedId, (await story).Reason);
        peer.ExpectOver();
        client.ExpectReset();
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    [Produces(OutcomeReason.GateRequired)]
    public async Task Rules_for_requests_that_come_behind_a_clients_first_bytes_end_its_connection()
    {
        var (story, client) = await GoOutAsync();
        client.Send("secret");
        var peer = await FramePeer.ServeAsync(_stage.Server.Accept(), _stage.Pki);
        peer.Expect(FrameType.Open, 1);
        Assert.Equal("secret"u8, peer.Expect(FrameType.Data, 1));
        _stage.Mesh.Publish(ClusterOf(ClientMayAsk(OnlyOpen(_stage.Server.Endpoint.Port)), Stage.Client(), Stage.ServerOn(OtherNode)));
        await _stage.Worker.SettleAsync();
        peer.Send(FramePeer.Frame(FrameType.Accept, 1));
        Assert.Equal(OutcomeReason.GateRequired, (await story).Reason);
        peer.ExpectBroken();
        client.ExpectReset();
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_server_that_resets_behind_its_answer_excludes_the_next_stream()
    {
        var (story, peer) = await ComeInAsync();
        peer.Send(FramePeer.Open(1));
        var server = _stage.Server.Accept();
        peer.Expect(FrameType.Accept, 1);
        server.Send("answer");
        server.End();
        Assert.Equal("answer"u8, peer.Expect(FrameType.Data, 1));
        peer.Expect(FrameType.End, 1);
        server.Reset();
        // The client's node may have sent END and the next OPEN by now: it must know that nothing came of them.
        peer.Expect(FrameType.Retire, 1);
        peer.ExpectEnd();
        peer.EndSocket();
        await story;
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task What_a_client_still_sends_does_not_destroy_the_word_that_excludes_it()
    {
        var (story, peer) = await ComeInAsync();
        peer.Send(FramePeer.Open(1));
        var server = _stage.Server.Accept();
        peer.Expect(FrameType.Accept, 1);
        // More than the server takes: some of it is unread when the stream breaks, and some comes later.
        var chunk = FramePeer.Frame(FrameType.Data, 1, new byte[32 * 1024]);
        var sending = Patience.OnThread(() =>
        {
            for (var i = 0; i < 1024; i++)
                peer.SendRaw(chunk);
        });
        server.End();
        peer.Expect(FrameType.End, 1);
        server.Reset();
        peer.Expect(FrameType.Retire, 1);
        peer.ExpectEnd();
        await sending;
        peer.EndSocket();
        await story;
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_client_that_resets_while_the_last_of_the_answer_is_on_its_way_breaks_no_rule()
    {
        var (story, peer) = await ComeInAsync();
        peer.Send(FramePeer.Open(1), FramePeer.Frame(FrameType.End, 1));
        var server = _stage.Server.Accept();
        server.End();
        peer.Expect(FrameType.Accept, 1);
        peer.Expect(FrameType.End, 1);
        await _stage.Worker.SettleAsync();
        peer.Send(FramePeer.Frame(FrameType.Reset, 1));
        peer.ExpectOver();
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
        Assert.Equal(OutcomeReason.Completed, Assert.Single(_stage.Streams).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_reset_of_a_refused_stream_ends_the_tunnel()
    {
        var (story, peer) = await RefusedAsync();
        peer.Send(FramePeer.Frame(FrameType.Reset, 1), FramePeer.Open(2));
        peer.ExpectOver();
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
    }

    [Fact]
    public async Task A_flood_of_streams_lets_the_workers_others_have_their_turn()
    {
        const int Flood = 2000;
        var (story, peer) = await RefusedAsync();
        using var isSent = new ManualResetEventSlim();
        var refusedByTheNextTurn = _stage.Worker.RunAsync(async () =>
        {
            Assert.True(isSent.Wait(Patience.Limit));
            await _stage.Worker.Worker.Yield();
            await _stage.Worker.Worker.Yield();
            await _stage.Worker.Worker.Yield();
            return _stage.Streams.Count;
        });
        peer.SendRaw(Enumerable.Range(2, Flood).SelectMany(stream => FramePeer.Open((uint)stream)).ToArray());
        isSent.Set();
        Assert.InRange(await refusedByTheNextTurn, 0, Flood / 2);
        for (uint stream = 2; stream < Flood + 2; stream++)
            peer.Expect(FrameType.Refuse, stream);
        peer.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    [Fact]
    public async Task A_fault_of_the_peer_is_told_once()
    {
        var (story, client) = await GoOutAsync();
        var peer = await FramePeer.ServeAsync(_stage.Server.Accept(), _stage.Pki);
        peer.Expect(FrameType.Open, 1);
        var before = _stage.Flows.Next;
        peer.Send(FramePeer.Frame((FrameType)99, 1));
        client.ExpectReset();
        Assert.Equal(OutcomeReason.TunnelProtocol, (await story).Reason);
        Assert.Equal(before + 1, _stage.Flows.Next);
    }

    [Fact]
    public async Task A_stream_is_cut_for_its_own_reason_although_its_tunnel_is_cut_as_well()
    {
        using var nodes = new TwoNodes();
        var (first, firstClient, firstServer) = await BeginAsync(nodes);
        var (story, client, server) = await BeginAsync(nodes);
        firstClient.End();
        firstServer.ExpectEnd();
        firstServer.End();
        firstClient.ExpectEnd();
        await first;
        Assert.Equal(OutcomeReason.Completed, (await nodes.StreamEndAsync()).Reason);
        nodes.Withdraw("server");
        client.ExpectReset();
        server.ExpectReset();
        await story;
        Assert.Equal(OutcomeReason.NoServerSvid, (await nodes.StreamEndAsync()).Reason);
    }

    private static async Task<(Task<ConnectionOutcome> Story, Peer Client, Peer Server)> BeginAsync(TwoNodes nodes)
    {
        var (story, client) = await nodes.ConnectAsync();
        client.Send("ping");
        var server = await Patience.OnThread(nodes.Application.Accept);
        server.Expect("ping");
        return (story, client, server);
    }

    private async Task<(Task<ConnectionOutcome> Story, FramePeer Peer)> RefusedAsync()
    {
        var (story, peer) = await ComeInAsync();
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(ports: "toPorts: [{ports: [{port: \"1\"}]}]"), Stage.Client(node: OtherNode), Stage.ServerOn(ThisNode)));
        peer.Send(FramePeer.Open(1));
        peer.Expect(FrameType.Refuse, 1);
        return (story, peer);
    }

    private async Task<(Task<ConnectionOutcome> Story, FramePeer Peer)> ComeInAsync()
    {
        _stage.Mesh.Publish(ClusterOf("", Stage.Client(node: OtherNode), Stage.ServerOn(ThisNode)));
        _stage.PublishSvids();
        var (captured, peer) = await _stage.CaptureAsync(_stage.Capture(Stage.ServerOn(ThisNode)));
        var story = _stage.ComeInAsync(captured);
        var dialled = await FramePeer.DialAsync(peer, _stage.Pki);
        await _stage.UntilTunnelStandsAsync().Soon();
        return (story, dialled);
    }

    private async Task<(Task<ConnectionOutcome> Story, Peer Client)> GoOutAsync()
    {
        _stage.Mesh.Publish(ClusterOf("", Stage.Client(), Stage.ServerOn(OtherNode)));
        _stage.PublishSvids();
        var (captured, client) = await _stage.CaptureAsync(_stage.Capture(Stage.Client()));
        return (_stage.GoOutAsync(captured), client);
    }
}
