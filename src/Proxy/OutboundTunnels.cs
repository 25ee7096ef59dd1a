using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Spiffe.X509;

namespace Proxy;

/// <summary>The tunnels of one worker to pods of other nodes, each for as long as what it rests on is in force.</summary>
internal sealed class OutboundTunnels(ConnectionSeat seat)
{
    private readonly TunnelPool _pool = new(seat.Worker, seat.Time, seat.Limits.Tunnels, () => seat.Budget.TryRest(), () => seat.Budget.EndRest());

    /// <summary>Tunnels that carry no stream just now.</summary>
    internal int Resting => _pool.Count;

    /// <summary>Tunnels that were opened so far, each with a full handshake.</summary>
    internal long Opened { get; private set; }

    /// <summary>What a tunnel for this connection must rest on; the server's workload is known.</summary>
    internal static TunnelKey KeyOf(in Parties parties, X509Svid svid, TrustBundle bundle)
    {
        var server = parties.Server.Workload!;
        return new TunnelKey(
            parties.Client.Workload!.Uid, parties.Client.Endpoint.Address, svid, bundle, server.Uid, server.ExpectedId.ToString(), parties.Server.Endpoint);
    }

    internal TunnelClient? TryTake(TunnelKey key) => _pool.TryTake(key);

    internal void CountOpened() => Opened++;

    /// <summary>Keeps a tunnel whose stream is over for the next one, unless it can carry none any more.</summary>
    internal void GiveBack(TunnelKey key, TunnelClient tunnel)
    {
        if (HasLostGround(key))
            tunnel.Close();
        else
            _pool.Add(key, tunnel);
    }

    /// <summary>Ends a resting tunnel in favour of a connection; false when none rests.</summary>
    internal bool TryEndOne() => _pool.TryEndOne();

    /// <summary>A tunnel ends with the SVID, bundle or pod that it rests on; one that carries a stream, after it.</summary>
    internal void OnMeshChanged() => _pool.EndWhere(HasLostGround);

    private bool HasLostGround(TunnelKey key)
    {
        var mesh = seat.Mesh;
        if (mesh.Cluster.FindWorkload(key.Server.Address) is not { } server || server.Uid != key.ServerUid || server.WireFormAt(key.Server.Port) != WireForm.Tunnels)
            return true;
        if (mesh.Cluster.FindWorkload(key.Client) is not { IsEnrolled: true } client || client.Uid != key.ClientUid)
            return true;
        var svid = (X509Svid)key.SvidGeneration;
        return server.ExpectedId.ToString() != key.ServerId
            || !ReferenceEquals(mesh.Identities.FindSvid(key.ClientUid, svid.Id), svid)
            || !ReferenceEquals(mesh.Identities.FindBundle(key.ClientUid, server.ExpectedId.TrustDomain), key.BundleGeneration);
    }
}
