using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Tunnels;

/// <summary>A client's node that reads nothing of what the server's node answers.</summary>
public sealed class DeafClientTests : IDisposable
{
    private readonly Stage _stage = new(open: TimeSpan.FromMilliseconds(500));

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task An_answer_that_it_does_not_take_in_time_ends_the_tunnel()
    {
        _stage.Mesh.Publish(ClusterOf("", Stage.Client(node: OtherNode), Stage.ServerOn(ThisNode)));
        _stage.PublishSvids();
        var (captured, wire) = await _stage.CaptureAsync(_stage.Capture(Stage.ServerOn(ThisNode)));
        var story = _stage.ComeInAsync(captured);
        var peer = await FramePeer.DialAsync(wire, _stage.Pki);
        await _stage.UntilTunnelStandsAsync().Soon();
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(ports: "toPorts: [{ports: [{port: \"1\"}]}]"), Stage.Client(node: OtherNode), Stage.ServerOn(ThisNode)));

        // Each is refused, until the refusals fill all that the kernel takes for a peer that reads nothing.
        await Patience.OnThread(() => Assert.Throws<IOException>((Action)(() => Flood(peer))));
        Assert.Equal(OutcomeReason.Reset, (await story.Soon()).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    private static void Flood(FramePeer peer)
    {
        for (uint stream = 1; ; stream += 1000)
            peer.SendRaw(Enumerable.Range(0, 1000).SelectMany(i => FramePeer.Open(stream + (uint)i)).ToArray());
    }
}
