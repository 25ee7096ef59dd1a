using Proxy.Cluster;
using Proxy.Spiffe;
using Proxy.Tests.Stories;
using Proxy.Tests.Tls;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Tunnels;

/// <summary>A machine outside the cluster with a node-proxy of its own: each side is a machine to the other.</summary>
public sealed class ExternalTunnelTests : IDisposable
{
    private readonly TwoNodes _nodes = new();

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public async Task Its_connections_share_a_tunnel_and_are_judged_at_both_ends()
    {
        Publish(WireForm.Tunnels, TestPki.ServerId);
        await _nodes.ConverseAsync();
        await _nodes.ConverseAsync();
        Assert.Equal((1, 1), (_nodes.Handshakes, _nodes.Resting));
        await _nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task What_is_said_of_it_later_ends_its_resting_tunnels()
    {
        foreach (var (form, id) in ((WireForm, SpiffeId)[])[(WireForm.MutualTls, TestPki.ServerId), (WireForm.Tunnels, SpiffeId.Parse("spiffe://cluster.local/other"))])
        {
            Publish(WireForm.Tunnels, TestPki.ServerId);
            await _nodes.ConverseAsync();
            await _nodes.Near.SettleAsync();
            Assert.Equal(1, _nodes.Resting);
            Publish(form, id);
            await _nodes.Near.SettleAsync();
            Assert.Equal(0, _nodes.Resting);
        }
    }

    private void Publish(WireForm form, SpiffeId id)
    {
        _nodes.Publish();
        _nodes.Near.Mesh.Publish(ClusterOf("", TwoNodes.Client, Machine("server", Stage.ServerAddress, form, id)));
        _nodes.Far.Mesh.Publish(ClusterOf(ServerAdmitsClient(RequireAuthentication), Machine("client", Stage.ClientAddress, WireForm.Tunnels, TestPki.ClientId), TwoNodes.Server));
    }
}
