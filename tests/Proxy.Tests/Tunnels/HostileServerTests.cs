using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Tunnels;

/// <summary>Somebody with the server's SVID answers a client's node with what it must not.</summary>
public sealed class HostileServerTests : IDisposable
{
    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Theory]
    [InlineData("00 000000 00000001", nameof(TunnelFault.UnknownType))]
    [InlineData("02 000000 00000002", nameof(TunnelFault.WrongStream))]
    [InlineData("02 000001 00000001 41", nameof(TunnelFault.Malformed))]
    [InlineData("03 000201 00000001", nameof(TunnelFault.Malformed))]
    [InlineData("04 000001 00000001 41", nameof(TunnelFault.Unexpected))]
    [InlineData("05 000000 00000001", nameof(TunnelFault.Unexpected))]
    [InlineData("01 000003 00000001 0050 00", nameof(TunnelFault.Unexpected))]
    [InlineData("07 000000 00000002", nameof(TunnelFault.WrongStream))]
    [InlineData("02 000000 00000001 02 000000 00000001", nameof(TunnelFault.Unexpected))]
    [InlineData("02 000000 00000001 04 008001 00000001", nameof(TunnelFault.Malformed))]
    public async Task A_frame_that_must_not_come_ends_the_tunnel_and_resets_the_client(string bytes, string fault)
    {
        var (story, client) = await BeginAsync();
        client.Send("ping");
        var peer = await FramePeer.ServeAsync(_stage.Server.Accept(), _stage.Pki);
        peer.Expect(FrameType.Open, 1);
        peer.SendRaw(Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal)));
        client.ExpectReset();
        var outcome = await story;
        Assert.Equal((OutcomeReason.TunnelProtocol, fault), (outcome.Reason, outcome.Detail));
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_stream_below_which_the_tunnel_retired_is_opened_again_with_its_first_bytes()
    {
        var (story, client) = await BeginAsync();
        client.Send("once");
        var first = await FramePeer.ServeAsync(_stage.Server.Accept(), _stage.Pki);
        first.Expect(FrameType.Open, 1);
        first.Send(FramePeer.Frame(FrameType.Retire, 0));
        var second = await FramePeer.ServeAsync(await Patience.OnThread(_stage.Server.Accept), _stage.Pki);
        second.Expect(FrameType.Open, 1);
        Assert.Equal("once"u8, second.Expect(FrameType.Data, 1));
        second.Send(FramePeer.Frame(FrameType.Accept, 1), FramePeer.Frame(FrameType.Data, 1, "yes"u8), FramePeer.Frame(FrameType.End, 1));
        Assert.Equal("yes", client.ReceiveToEnd());
        client.End();
        second.Expect(FrameType.End, 1);
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(64)]
    public async Task An_answer_cut_anywhere_is_the_same_answer(int size)
    {
        var (story, client) = await BeginAsync();
        client.Send("ask");
        var peer = await FramePeer.ServeAsync(_stage.Server.Accept(), _stage.Pki);
        peer.Expect(FrameType.Open, 1);
        Assert.Equal("ask"u8, peer.Expect(FrameType.Data, 1));
        byte[] bytes =
        [
            .. FramePeer.Frame(FrameType.Accept, 1), .. FramePeer.Frame(FrameType.Data, 1, "an "u8),
            .. FramePeer.Frame(FrameType.Data, 1, "answer"u8), .. FramePeer.Frame(FrameType.End, 1),
        ];
        foreach (var part in bytes.Chunk(size))
            peer.SendRaw(part);
        Assert.Equal("an answer", client.ReceiveToEnd());
        client.Send("thanks");
        client.End();
        Assert.Equal("thanks"u8, peer.Expect(FrameType.Data, 1));
        peer.Expect(FrameType.End, 1);
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    [Theory]
    [InlineData("04 000002 00000001 6869 05 000000 00000001 04 000001 00000001 78", false)]
    [InlineData("04 000002 00000001 6869 05 000000 00000001 05 000000 00000001", false)]
    [InlineData("04 000002 00000001 6869 05 000001 00000001 00", true)]
    [InlineData("04 000002 00000001 6869 05 000000 00000002", true)]
    [InlineData("04 000002 00000001 6869 09 000000 00000001", true)]
    public async Task What_is_behind_a_payload_is_judged_like_any_frame(string bytes, bool resetsClient)
    {
        var (story, client) = await BeginAsync();
        var peer = await FramePeer.ServeAsync(_stage.Server.Accept(), _stage.Pki);
        peer.Expect(FrameType.Open, 1);
        peer.Send(FramePeer.Frame(FrameType.Accept, 1), Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal)));
        if (resetsClient)
            client.ExpectReset();
        else
            Assert.Equal("hi", client.ReceiveToEnd());
        Assert.NotEqual(OutcomeReason.Completed, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_tunnel_that_breaks_before_its_answer_is_not_tried_again()
    {
        var (story, client) = await BeginAsync();
        client.Send("perhaps delivered");
        var wire = _stage.Server.Accept();
        var peer = await FramePeer.ServeAsync(wire, _stage.Pki);
        peer.Expect(FrameType.Open, 1);
        wire.Reset();
        client.ExpectReset();
        Assert.Equal(OutcomeReason.TunnelBroken, (await story).Reason);
        Assert.False(_stage.Server.HasCaller());
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_tunnel_comes_from_its_clients_own_address_and_the_clients_port_may_be_shown()
    {
        var (_, client) = await BeginAsync();
        var wire = _stage.Server.Accept();
        Assert.Equal(Stage.ClientAddress, wire.Remote.Address.ToString());
        var peer = await FramePeer.ServeAsync(wire, _stage.Pki);
        Assert.Equal([40000 >> 8, 40000 & 0xff, 1], peer.Expect(FrameType.Open, 1));
        client.Reset();
    }

    [Fact]
    public async Task Peers_that_retire_every_tunnel_are_given_up()
    {
        var (story, client) = await BeginAsync();
        for (var i = 0; i < 3; i++)
        {
            var peer = await FramePeer.ServeAsync(await Patience.OnThread(_stage.Server.Accept), _stage.Pki);
            peer.Expect(FrameType.Open, 1);
            peer.Send(FramePeer.Frame(FrameType.Retire, 0));
        }

        client.ExpectReset();
        Assert.Equal(OutcomeReason.TunnelBroken, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_reason_that_nobody_knows_is_told_as_the_peers_own()
    {
        var (story, client) = await BeginAsync();
        var peer = await FramePeer.ServeAsync(_stage.Server.Accept(), _stage.Pki);
        peer.Expect(FrameType.Open, 1);
        peer.Send(FramePeer.Frame(FrameType.Refuse, 1, "moon-phase\0full\r\nmoon"u8));
        client.ExpectReset();
        Assert.Equal(new ConnectionOutcome(OutcomeReason.PeerRefused, "moon-phase fullmoon"), await story);
    }

    [Fact]
    public async Task An_answer_that_never_comes_ends_with_the_limit()
    {
        using var stage = new Stage(open: TimeSpan.FromMilliseconds(200));
        stage.Mesh.Publish(ClusterOf("", Stage.Client(), Stage.ServerOn(OtherNode)));
        stage.PublishSvids();
        var (captured, client) = await stage.CaptureAsync(stage.Capture(Stage.Client()));
        var story = stage.GoOutAsync(captured);
        var peer = await FramePeer.ServeAsync(stage.Server.Accept(), stage.Pki);
        peer.Expect(FrameType.Open, 1);
        Assert.Equal(OutcomeReason.ServerTimedOut, (await story).Reason);
        client.ExpectReset();
        peer.ExpectBroken();
        await stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_client_that_is_gone_before_the_answer_takes_its_tunnel_along()
    {
        var (story, client) = await BeginAsync();
        var peer = await FramePeer.ServeAsync(_stage.Server.Accept(), _stage.Pki);
        peer.Expect(FrameType.Open, 1);
        client.Reset();
        peer.Expect(FrameType.Reset, 1);
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task First_bytes_count_for_the_limit_of_buffers_and_the_oldest_of_who_holds_the_most_ends()
    {
        using var stage = new Stage(buffers: new BufferPool { Limit = 2 });
        stage.Mesh.Publish(ClusterOf("", Stage.Client(), Stage.ServerOn(OtherNode)));
        stage.PublishSvids();
        var pod = stage.Capture(Stage.Client());
        List<(Task<ConnectionOutcome> Story, Peer Client, FramePeer Server)> opened = [];
        for (var i = 0; i < 3; i++)
        {
            var (captured, client) = await stage.CaptureAsync(pod);
            client.Send($"kept {i}");
            var story = stage.GoOutAsync(captured);
            var server = await FramePeer.ServeAsync(await Patience.OnThread(stage.Server.Accept), stage.Pki);
            server.Expect(FrameType.Open, 1);
            opened.Add((story, client, server));
            if (i < 2)
                Assert.All(opened, one => Assert.False(one.Story.IsCompleted));
        }

        Assert.Equal(OutcomeReason.OutOfResources, (await opened[0].Story).Reason);
        opened[0].Client.ExpectReset();
        Assert.Equal(2, await stage.Worker.AskAsync(() => stage.Worker.Worker.Buffers.Rented));
        Assert.All(opened.Skip(1), one => Assert.False(one.Story.IsCompleted));
    }

    private async Task<(Task<ConnectionOutcome> Story, Peer Client)> BeginAsync()
    {
        _stage.Mesh.Publish(ClusterOf("", Stage.Client(), Stage.ServerOn(OtherNode)));
        _stage.PublishSvids();
        var (captured, client) = await _stage.CaptureAsync(_stage.Capture(Stage.Client()));
        return (_stage.GoOutAsync(captured), client);
    }
}
