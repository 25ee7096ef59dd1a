using System.Text;
using Proxy.Capture;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Tunnels;

/// <summary>Two pods of one node, of the same service account, and one server: what each of them rests on is its own.</summary>
public sealed class TwoClientsTests : IDisposable
{
    private static readonly (string Uid, string Address)[] Clients = [("one", Stage.ClientAddress), ("two", "127.0.1.9")];

    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task Two_live_pods_never_share_a_tunnel()
    {
        var pods = Clients.Select(client => Pod("client", client.Address, ThisNode, uid: client.Uid, account: "client")).ToArray();
        _stage.Mesh.Publish(ClusterOf("", [.. pods, Stage.ServerOn(OtherNode)]));
        _stage.Mesh.Publish(Identities(_stage.Pki, [.. Clients.Select(client => (client.Uid, _stage.Pki.Client))]));
        var captures = pods.Select(_stage.Capture).ToArray();
        var peers = new List<FramePeer>();
        for (uint stream = 1; stream <= 3; stream++)
        {
            for (var client = 0; client < captures.Length; client++)
            {
                var (story, application) = await GoOutAsync(captures[client], Clients[client].Address);
                if (stream == 1)
                    peers.Add(await AcceptAsync(Clients[client].Address));
                await CarryAsync(peers[client], stream, Clients[client].Address, story, application);
            }
        }

        Assert.Equal((2, 2), await _stage.Worker.AskAsync(() => (_stage.Seat.Tunnels.Opened, _stage.Seat.Tunnels.Resting)));
        Assert.False(_stage.Server.HasCaller());
    }

    private async Task<(Task<ConnectionOutcome> Story, Peer Application)> GoOutAsync(PodCapture pod, string address)
    {
        var (captured, application) = await _stage.CaptureAsync(pod);
        application.Send(address);
        return (_stage.GoOutAsync(captured with { Client = new ClientAddress(new Endpoint(AddressOf(address), 40000)) }), application);
    }

    private async Task<FramePeer> AcceptAsync(string address)
    {
        var wire = await Patience.OnThread(_stage.Server.Accept);
        Assert.Equal(address, wire.Remote.Address.ToString());
        return await FramePeer.ServeAsync(wire, _stage.Pki);
    }

    private static async Task CarryAsync(FramePeer peer, uint stream, string address, Task<ConnectionOutcome> story, Peer application)
    {
        peer.Expect(FrameType.Open, stream);
        Assert.Equal(address, Encoding.ASCII.GetString(peer.Expect(FrameType.Data, stream)));
        peer.Send(FramePeer.Frame(FrameType.Accept, stream), FramePeer.Frame(FrameType.End, stream));
        application.ExpectEnd();
        application.End();
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        peer.Expect(FrameType.End, stream);
    }
}
