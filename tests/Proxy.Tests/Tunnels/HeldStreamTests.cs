using System.Text;
using Microsoft.Extensions.Time.Testing;
using Proxy.Capture;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Tunnels;

/// <summary>A stream that is over to the client's node, and not to the server's, keeps no other waiting.</summary>
public sealed class HeldStreamTests : IDisposable
{
    private const string Ask = "GET /open HTTP/1.1\r\nHost: a\r\n\r\n";

    private readonly FakeTimeProvider _time = new();
    private readonly Stage _stage;

    public HeldStreamTests() => _stage = new Stage(workerTime: _time);

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task A_server_that_does_not_read_holds_no_other_connection_and_misses_nothing()
    {
        using var nodes = new TwoNodes();
        var (story, client) = await nodes.ConnectAsync();
        client.Send("go");
        var server = await Patience.OnThread(nodes.Application.Accept);
        server.Expect("go");
        server.End();
        client.ExpectEnd();
        // More than the server's socket takes, and less than those on the way do.
        var upload = new byte[5000 * 1024];
        await Patience.OnThread(() => client.Send(upload));
        client.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        await nodes.ConverseAsync();
        Assert.Equal(2, nodes.Handshakes);
        Assert.Equal(upload.Length, await Patience.OnThread(() => server.ReceiveToEnd().Length));
        Assert.Equal(OutcomeReason.Completed, (await nodes.StreamEndAsync()).Reason);
        Assert.Equal(OutcomeReason.Completed, (await nodes.StreamEndAsync()).Reason);
        await nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_stream_that_outlasts_its_servers_end_retires_its_tunnel_and_ends_in_order()
    {
        var (story, peer) = await ComeInAsync();
        var server = await BeginAsync(peer);
        server.End();
        peer.Expect(FrameType.End, 1);
        await HoldAsync();
        peer.Expect(FrameType.Retire, 1);
        peer.Send(FramePeer.Frame(FrameType.Data, 1, "the rest"u8), FramePeer.Frame(FrameType.End, 1), FramePeer.Open(2));
        Assert.Equal("the rest", server.ReceiveToEnd());
        peer.ExpectOver();
        peer.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        Assert.Equal(OutcomeReason.Completed, Assert.Single(_stage.Streams).Reason);
        Assert.False(_stage.Server.HasCaller());
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_stream_that_ends_in_time_leaves_its_tunnel()
    {
        var (story, peer) = await ComeInAsync();
        var server = await BeginAsync(peer);
        server.End();
        peer.Expect(FrameType.End, 1);
        peer.Send(FramePeer.Frame(FrameType.End, 1));
        server.ExpectEnd();
        await HoldAsync();
        peer.Send(FramePeer.Open(2), FramePeer.Frame(FrameType.End, 2));
        _stage.Server.Accept().End();
        peer.Expect(FrameType.Accept, 2);
        peer.Expect(FrameType.End, 2);
        peer.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task An_end_and_the_next_stream_may_come_together()
    {
        var (story, peer) = await ComeInAsync();
        peer.Send(FramePeer.Open(1), FramePeer.Frame(FrameType.Data, 1, "1"u8));
        for (uint stream = 1; stream <= 20; stream++)
        {
            using var server = _stage.Server.Accept();
            server.Expect($"{stream}");
            server.Send("answer");
            server.End();
            peer.Expect(FrameType.Accept, stream);
            Assert.Equal("answer"u8, peer.Expect(FrameType.Data, stream));
            peer.Expect(FrameType.End, stream);
            peer.Send(
                FramePeer.Frame(FrameType.End, stream), FramePeer.Open(stream + 1),
                FramePeer.Frame(FrameType.Data, stream + 1, Encoding.ASCII.GetBytes($"{stream + 1}")));
            server.ExpectEnd();
        }

        using var last = _stage.Server.Accept();
        peer.End();
        last.ExpectReset();
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_whose_requests_are_judged_and_that_does_not_close_holds_no_other_connection(bool serverEndsFirst)
    {
        var (story, peer) = await ComeInAsync(ServerAdmitsClient(ports: OnlyOpen(_stage.Server.Endpoint.Port)));
        for (uint stream = 1; stream <= 2; stream++)
        {
            peer.Send(FramePeer.Open(stream), FramePeer.Frame(FrameType.Data, stream, Encoding.ASCII.GetBytes(Ask)));
            var server = await Patience.OnThread(_stage.Server.Accept);
            server.Expect(Ask);
            var answer = $"HTTP/1.1 200 OK\r\n{(serverEndsFirst ? "Connection: close\r\n" : "")}Content-Length: 0\r\n\r\n";
            server.Send(answer);
            peer.Expect(FrameType.Accept, stream);
            Assert.Equal(answer, Encoding.ASCII.GetString(peer.Expect(FrameType.Data, stream)));
            if (serverEndsFirst)
                peer.Expect(FrameType.End, stream);
            peer.Send(FramePeer.Frame(FrameType.End, stream));
            if (!serverEndsFirst)
                peer.Expect(FrameType.End, stream);
            server.ExpectEnd();
        }

        peer.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        Assert.Equal([OutcomeReason.Completed, OutcomeReason.Completed], _stage.Streams.Select(ended => ended.Reason));
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_tunnel_that_is_told_of_a_held_stream_at_rest_ends_without_a_reset()
    {
        var pod = Send();
        var (_, peer) = await CarryOneAsync(pod);
        peer.Send(FramePeer.Frame(FrameType.Retire, 1));
        peer.ExpectEnd();
        Assert.Equal(0, await _stage.Worker.AskAsync(() => _stage.Seat.Tunnels.Resting));
        peer.EndSocket();
        var (story, client) = await GoOutAsync(pod);
        await ExpectNewTunnelAsync(story, client);
    }

    [Fact]
    public async Task A_stream_that_a_held_one_excludes_goes_elsewhere_and_its_tunnel_ends_without_a_reset()
    {
        var pod = Send();
        var (_, peer) = await CarryOneAsync(pod);
        var (story, client) = await GoOutAsync(pod);
        peer.Expect(FrameType.Open, 2);
        Assert.Equal("first bytes"u8, peer.Expect(FrameType.Data, 2));
        peer.Send(FramePeer.Frame(FrameType.Retire, 1));
        await ExpectNewTunnelAsync(story, client);
        peer.ExpectEnd();
    }

    [Theory]
    [InlineData(128)]
    [InlineData(0)]
    public async Task What_is_under_way_when_a_stream_is_over_to_its_clients_node_arrives_although_RETIRE_comes(int resting)
    {
        using var nodes = new TwoNodes(Node.Patient with { Tunnels = new TunnelLimits { RestingPerPair = resting } });
        var (story, client) = await nodes.ConnectAsync();
        var upload = new byte[5000 * 1024];
        await Patience.OnThread(() => client.Send(upload));
        var server = await Patience.OnThread(nodes.Application.Accept);
        server.End();
        client.ExpectEnd();
        client.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        await HoldAsync(nodes.Far);
        await nodes.Near.SettleAsync();
        Assert.Equal(0, nodes.Resting);
        Assert.Equal(upload.Length, await Patience.OnThread(() => server.ReceiveToEnd().Length));
        Assert.Equal(OutcomeReason.Completed, (await nodes.StreamEndAsync()).Reason);
        await nodes.ConverseAsync();
        await nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task An_OPEN_that_finds_the_line_full_is_excluded_all_the_same()
    {
        using var loopback = new Loopback();
        var (socket, peer) = await loopback.ConnectAsync(_stage.Worker);
        var opening = _stage.Worker.RunAsync(() => OpenAsync(new TunnelClient(_stage.Worker.Worker, socket, new FullLeg(socket))
        {
            UsableUntil = DateTimeOffset.MaxValue,
            Proof = "",
        }));
        peer.Send(FramePeer.Frame(FrameType.Retire, 1));
        Assert.Equal(OpenAnswer.Excluded, await opening);
        peer.ExpectEnd();
        peer.EndSocket();
        await _stage.AssertNothingHeldAsync();
    }

    private async ValueTask<OpenAnswer> OpenAsync(TunnelClient tunnel)
    {
        var first = new FirstBytes(_stage.Worker.Worker.Buffers, new BufferHolder("", () => { }));
        first.TakeNothing();
        // An earlier stream, whose bytes fill the line.
        tunnel.Begin().Dismiss();
        return await tunnel.OpenAsync(tunnel.Begin(), new StreamOpening(40000, MayKeepPort: false), first);
    }

    /// <summary>Once everything is done that the node's worker does behind the limit.</summary>
    private static async Task HoldAsync(Node node)
    {
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await node.Worker.DoAsync(() => node.Worker.Worker.Timers.Schedule(new WheelTimer(passed.SetResult), Tunnel.HoldLimit * 2));
        await passed.Task.Soon();
        await node.SettleAsync();
    }

    private Task HoldAsync() => _stage.Worker.DoAsync(() => _time.Advance(Tunnel.HoldLimit * 2));

    private async Task<Peer> BeginAsync(FramePeer peer)
    {
        peer.Send(FramePeer.Open(1));
        var server = await Patience.OnThread(_stage.Server.Accept);
        peer.Expect(FrameType.Accept, 1);
        return server;
    }

    private async Task<(Task<ConnectionOutcome> Story, FramePeer Peer)> ComeInAsync(string policies = "")
    {
        _stage.Mesh.Publish(ClusterOf(policies, Stage.Client(node: OtherNode), Stage.ServerOn(ThisNode)));
        _stage.PublishSvids();
        var (captured, peer) = await _stage.CaptureAsync(_stage.Capture(Stage.ServerOn(ThisNode)));
        var story = _stage.ComeInAsync(captured);
        var dialled = await FramePeer.DialAsync(peer, _stage.Pki);
        await _stage.UntilTunnelStandsAsync().Soon();
        return (story, dialled);
    }

    private PodCapture Send()
    {
        _stage.Mesh.Publish(ClusterOf("", Stage.Client(), Stage.ServerOn(OtherNode)));
        _stage.PublishSvids();
        return _stage.Capture(Stage.Client());
    }

    private async Task<(Task<ConnectionOutcome> Story, Peer Client)> GoOutAsync(PodCapture pod)
    {
        var (captured, client) = await _stage.CaptureAsync(pod);
        client.Send("first bytes");
        return (_stage.GoOutAsync(captured), client);
    }

    /// <summary>One stream in order, behind which the tunnel rests.</summary>
    private async Task<(Peer Client, FramePeer Peer)> CarryOneAsync(PodCapture pod)
    {
        var (story, client) = await GoOutAsync(pod);
        var peer = await FramePeer.ServeAsync(_stage.Server.Accept(), _stage.Pki);
        await AnswerAsync(peer, story, client);
        return (client, peer);
    }

    private async Task ExpectNewTunnelAsync(Task<ConnectionOutcome> story, Peer client) =>
        await AnswerAsync(await FramePeer.ServeAsync(await Patience.OnThread(_stage.Server.Accept), _stage.Pki), story, client);

    private static async Task AnswerAsync(FramePeer peer, Task<ConnectionOutcome> story, Peer client)
    {
        peer.Expect(FrameType.Open, 1);
        Assert.Equal("first bytes"u8, peer.Expect(FrameType.Data, 1));
        peer.Send(FramePeer.Frame(FrameType.Accept, 1), FramePeer.Frame(FrameType.End, 1));
        client.ExpectEnd();
        client.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        peer.Expect(FrameType.End, 1);
    }

    /// <summary>A connection whose kernel takes nothing.</summary>
    private sealed class FullLeg(PlainLeg leg) : Leg
    {
        private readonly Completion<bool> _writing = new();

        internal override Action? OnReset
        {
            get => leg.OnReset;
            set => leg.OnReset = value;
        }

        internal override ValueTask WaitAsync() => leg.WaitAsync();

        internal override ValueTask<int> ReadAsync(Memory<byte> buffer) => leg.ReadAsync(buffer);

        internal override ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes) => _writing.Arm();

        internal override ValueTask<bool> EndAsync() => leg.EndAsync();

        internal override void Close()
        {
            leg.Close();
            _writing.Complete(false);
        }

        internal override void Abort()
        {
            leg.Abort();
            _writing.Complete(false);
        }
    }
}
