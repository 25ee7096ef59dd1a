using System.Text;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Lifetime;
using Proxy.Tests.Stories;
using Proxy.Tests.Tls;
using Proxy.Tls;

namespace Proxy.Tests.Tunnels;

/// <summary>The server's node has the right SVID and says something strange: how the client's node understands it.</summary>
public sealed class ForeignServerTests : IDisposable
{
    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Theory]
    [InlineData("because-of-the-weather")]
    [InlineData("completed")]
    [InlineData("reset")]
    [Produces(OutcomeReason.PeerRefused)]
    public async Task A_refusal_for_no_known_reason_is_the_peers_own(string reason)
    {
        var outcome = await AnswerAsync(server => Send(server, FrameType.Refuse, [.. Encoding.UTF8.GetBytes(reason), 0, .. "rain\u2028and\nwind"u8]));
        Assert.Equal(new ConnectionOutcome(OutcomeReason.PeerRefused, $"{reason} rainandwind"), outcome);
    }

    [Fact]
    [Produces(OutcomeReason.TunnelBroken)]
    public async Task A_tunnel_that_breaks_before_the_server_is_reached_is_told_apart_from_a_refusal() =>
        Assert.Equal(OutcomeReason.TunnelBroken, (await AnswerAsync(server => server.Reset())).Reason);

    [Fact]
    [Produces(OutcomeReason.TunnelProtocol)]
    public async Task A_frame_that_nobody_knows_is_the_peers_fault()
    {
        var outcome = await AnswerAsync(server => Send(server, (FrameType)99, []));
        Assert.Equal((OutcomeReason.TunnelProtocol, nameof(TunnelFault.UnknownType)), (outcome.Reason, outcome.Detail));
    }

    private async Task<ConnectionOutcome> AnswerAsync(Action<Peer> answer)
    {
        _stage.Mesh.Publish(Cast.ClusterOf("", Stage.Client(), Stage.ServerOn(Cast.OtherNode)));
        _stage.PublishSvids();
        var (captured, application) = await _stage.CaptureAsync(_stage.Capture(Stage.Client()));
        var story = _stage.GoOutAsync(captured);
        var options = TestPki.ServerOptions(_stage.Pki.Server.Certificate);
        options.ApplicationProtocols = [TlsContexts.TunnelProtocol];
        var server = _stage.Server.Accept();
        await Patience.OnThread(() =>
        {
            server.StartServerTls(options);
            server.ReceiveExactly(new byte[TunnelFrame.HeaderSize + StreamOpening.Size]);
            answer(server);
        });
        var outcome = await story.Soon();
        application.ExpectReset();
        return outcome;
    }

    private static void Send(Peer server, FrameType type, byte[] payload)
    {
        var frame = new byte[TunnelFrame.HeaderSize + payload.Length];
        new TunnelFrame(type, payload.Length, 1).Write(frame);
        payload.CopyTo(frame, TunnelFrame.HeaderSize);
        server.Send(frame);
    }
}
