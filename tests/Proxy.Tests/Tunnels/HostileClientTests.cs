using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Tunnels;

/// <summary>Somebody with a valid SVID, and the right address, sends a server's node what it must not.</summary>
public sealed class HostileClientTests : IDisposable
{
    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Theory]
    [InlineData("00 000000 00000001", nameof(TunnelFault.UnknownType))]
    [InlineData("08 000000 00000001", nameof(TunnelFault.UnknownType))]
    [InlineData("01 000002 00000001", nameof(TunnelFault.Malformed))]
    [InlineData("01 ffffff 00000001", nameof(TunnelFault.Malformed))]
    [InlineData("01 000003 00000001 0050 02", nameof(TunnelFault.Malformed))]
    [InlineData("01 000003 00000000", nameof(TunnelFault.WrongStream))]
    [InlineData("01 000003 00000002", nameof(TunnelFault.WrongStream))]
    [InlineData("01 000003 ffffffff", nameof(TunnelFault.WrongStream))]
    [InlineData("04 000001 00000001 41", nameof(TunnelFault.WrongStream))]
    [InlineData("04 000001 00000000 41", nameof(TunnelFault.Unexpected))]
    [InlineData("02 000000 00000000", nameof(TunnelFault.Unexpected))]
    [InlineData("07 000000 00000000", nameof(TunnelFault.Unexpected))]
    public async Task A_frame_that_must_not_come_ends_the_tunnel(string bytes, string fault)
    {
        var (story, peer) = await BeginAsync();
        peer.SendRaw(Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal)));
        peer.ExpectOver();
        var outcome = await story;
        Assert.Equal((OutcomeReason.TunnelProtocol, fault), (outcome.Reason, outcome.Detail));
        Assert.False(_stage.Server.HasCaller());
        await _stage.AssertNothingHeldAsync();
    }

    [Theory]
    [InlineData("01 000003 00000002 0050 00", nameof(TunnelFault.Unexpected))]
    [InlineData("01 000003 00000001 0050 00", nameof(TunnelFault.Unexpected))]
    [InlineData("04 008001 00000001", nameof(TunnelFault.Malformed))]
    [InlineData("04 000001 00000002 41", nameof(TunnelFault.WrongStream))]
    [InlineData("03 000001 00000001 41", nameof(TunnelFault.Unexpected))]
    public async Task A_frame_that_must_not_come_breaks_the_stream_that_is_open(string bytes, string fault)
    {
        var (story, peer) = await BeginAsync();
        peer.Send(FramePeer.Open(1));
        var server = _stage.Server.Accept();
        peer.Expect(FrameType.Accept, 1);
        peer.SendRaw(Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal)));
        server.ExpectReset();
        peer.ExpectBroken();
        var outcome = await story;
        Assert.Equal((OutcomeReason.TunnelProtocol, fault), (outcome.Reason, outcome.Detail));
        await _stage.AssertNothingHeldAsync();
    }

    [Theory]
    [InlineData("04 000001 00000001 41", nameof(OutcomeReason.TunnelProtocol))]
    [InlineData("05 000000 00000001", nameof(OutcomeReason.TunnelProtocol))]
    [InlineData("06 000000 00000001", nameof(OutcomeReason.Reset))]
    [InlineData("", nameof(OutcomeReason.Reset))]
    public async Task Behind_its_end_a_client_can_still_break_the_stream(string bytes, string reason)
    {
        var (story, peer) = await BeginAsync();
        peer.Send(FramePeer.Open(1), FramePeer.Frame(FrameType.End, 1));
        var server = _stage.Server.Accept();
        server.ExpectEnd();
        peer.Expect(FrameType.Accept, 1);
        if (bytes.Length > 0)
            peer.SendRaw(Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal)));
        else
            peer.End();
        Assert.Equal(reason, (await story).Reason.ToString());
        Assert.Equal(OutcomeReason.Reset, Assert.Single(_stage.Streams).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task Frames_cut_anywhere_are_the_same_frames()
    {
        var (story, peer) = await BeginAsync();
        var bytes = FramePeer.Open(1).Concat(FramePeer.Frame(FrameType.Data, 1, "ping"u8)).Concat(FramePeer.Frame(FrameType.End, 1)).ToArray();
        foreach (var one in bytes)
            peer.SendRaw([one]);
        var server = _stage.Server.Accept();
        Assert.Equal("ping", server.ReceiveToEnd());
        server.Send("pong");
        server.End();
        peer.Expect(FrameType.Accept, 1);
        Assert.Equal("pong"u8, peer.Expect(FrameType.Data, 1));
        peer.Expect(FrameType.End, 1);
        peer.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_accepted_all_the_same()
    {
        var (story, peer) = await BeginAsync();
        peer.Send(FramePeer.Open(1));
        using var server = _stage.Server.Accept();
        peer.Expect(FrameType.Accept, 1);
        peer.End();
        server.ExpectReset();
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(19)]
    [InlineData(21)]
    public async Task A_tunnel_that_ends_inside_a_frame_or_a_stream_is_a_reset(int count)
    {
        var (story, peer) = await BeginAsync();
        byte[] bytes = [.. FramePeer.Open(1), .. FramePeer.Frame(FrameType.Data, 1, "ping"u8)];
        peer.SendRaw(bytes.AsSpan(0, count));
        var server = count >= FramePeer.Open(1).Length ? _stage.Server.Accept() : null;
        peer.End();
        server?.ExpectReset();
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task One_stream_after_another_goes_to_the_pod()
    {
        var (story, peer) = await BeginAsync();
        for (uint stream = 1; stream <= 20; stream++)
        {
            peer.Send(FramePeer.Open(stream), FramePeer.Frame(FrameType.Data, stream, "x"u8), FramePeer.Frame(FrameType.End, stream));
            using var server = _stage.Server.Accept();
            server.Expect("x");
            server.ExpectEnd();
            server.End();
            peer.Expect(FrameType.Accept, stream);
            peer.Expect(FrameType.End, stream);
        }

        peer.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        Assert.Equal(20, _stage.Streams.Count(ended => ended.Reason == OutcomeReason.Completed));
    }

    [Fact]
    public async Task What_a_refused_stream_had_sent_never_reaches_the_next()
    {
        var (story, peer) = await BeginAsync();
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(ports: "toPorts: [{ports: [{port: \"1\"}]}]"), Stage.Client(node: OtherNode), Stage.ServerOn(ThisNode)));
        peer.Send(FramePeer.Open(1), FramePeer.Frame(FrameType.Data, 1, "refused"u8));
        var (reason, detail) = StreamRefusal.Read(peer.Expect(FrameType.Refuse, 1));
        Assert.Equal("policy-denied", reason);
        Assert.Contains("admits-client", detail, StringComparison.Ordinal);
        peer.Send(FramePeer.Frame(FrameType.Data, 1, "more of it"u8));
        _stage.Mesh.Publish(ClusterOf("", Stage.Client(node: OtherNode), Stage.ServerOn(ThisNode)));
        await _stage.Worker.SettleAsync();
        peer.Send(FramePeer.Open(2), FramePeer.Frame(FrameType.Data, 2, "allowed"u8), FramePeer.Frame(FrameType.End, 2));
        Assert.Equal("allowed", _stage.Server.Accept().ReceiveToEnd());
        peer.End();
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
    }

    [Fact]
    public async Task A_tunnel_retires_when_its_SVID_is_rotated_and_takes_no_stream_that_comes_after()
    {
        var (story, peer) = await BeginAsync();
        CarryFirst(_stage, peer);
        _stage.Mesh.Publish(Identities(_stage.Pki, ("server", _stage.Pki.Issue(Tls.TestPki.ServerId))));
        peer.Expect(FrameType.Retire, 1);
        peer.Send(FramePeer.Open(2), FramePeer.Frame(FrameType.Data, 2, "too late"u8), FramePeer.Frame(FrameType.End, 2));
        peer.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        Assert.False(_stage.Server.HasCaller());
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task The_stream_that_a_handshake_was_made_for_is_carried_and_no_other_although_the_SVID_was_rotated()
    {
        var (story, peer) = await BeginAsync();
        _stage.Mesh.Publish(Identities(_stage.Pki, ("server", _stage.Pki.Issue(Tls.TestPki.ServerId))));
        await _stage.Worker.SettleAsync();
        CarryFirst(_stage, peer);
        peer.Expect(FrameType.Retire, 1);
        peer.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_first_stream_that_comes_late_is_one_like_any_other()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow());
        using var stage = new Stage(time: time, open: TimeSpan.FromSeconds(15));
        var (story, client) = await CaptureAsync(stage, Stage.Client(node: OtherNode));
        var peer = await FramePeer.DialAsync(client, stage.Pki);
        await stage.UntilTunnelStandsAsync().Soon();
        stage.Mesh.Publish(Identities(stage.Pki, ("server", stage.Pki.Issue(Tls.TestPki.ServerId))));
        await stage.Worker.SettleAsync();
        time.Advance(TimeSpan.FromSeconds(15) + TimeSpan.FromTicks(1));
        peer.Send(FramePeer.Open(1), FramePeer.Frame(FrameType.End, 1));
        peer.Expect(FrameType.Retire, 0);
        peer.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        Assert.False(stage.Server.HasCaller());
    }

    [Fact]
    public async Task A_neighbours_address_is_not_spoken_for()
    {
        // The address belongs to another workload than the certificate names.
        var (story, client) = await CaptureAsync(Pod("other", Stage.ClientAddress, OtherNode));
        await Patience.OnThread(() => Record.Exception(() => client.StartClientTls(Tls.TestPki.ClientOptions(_stage.Pki.Client.Certificate))));
        Assert.Equal(OutcomeReason.PeerUnexpectedId, (await story).Reason);
        Assert.False(_stage.Server.HasCaller());
    }

    private async Task<(Task<ConnectionOutcome> Story, FramePeer Peer)> BeginAsync()
    {
        var (story, client) = await CaptureAsync(Stage.Client(node: OtherNode));
        var peer = await FramePeer.DialAsync(client, _stage.Pki);
        await _stage.UntilTunnelStandsAsync().Soon();
        return (story, peer);
    }

    private static void CarryFirst(Stage stage, FramePeer peer)
    {
        peer.Send(FramePeer.Open(1), FramePeer.Frame(FrameType.End, 1));
        var server = stage.Server.Accept();
        server.ExpectEnd();
        server.End();
        peer.Expect(FrameType.Accept, 1);
        peer.Expect(FrameType.End, 1);
    }

    private Task<(Task<ConnectionOutcome> Story, Peer Client)> CaptureAsync(Workload workload) => CaptureAsync(_stage, workload);

    private static async Task<(Task<ConnectionOutcome> Story, Peer Client)> CaptureAsync(Stage stage, Workload workload)
    {
        stage.Mesh.Publish(ClusterOf("", workload, Stage.ServerOn(ThisNode)));
        stage.PublishSvids();
        var (captured, peer) = await stage.CaptureAsync(stage.Capture(Stage.ServerOn(ThisNode)));
        return (stage.ComeInAsync(captured), peer);
    }
}
