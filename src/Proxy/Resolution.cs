using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy;

/// <summary>Who the two ends of a connection are, as far as the directory can say.</summary>
internal sealed record Resolution(Parties Parties)
{
    private static int s_turn;

    /// <summary>Null when nobody can say yet: a pod's address or a Service without a known pod behind it.</summary>
    internal static Resolution? Find(MeshSnapshot mesh, in Parties unresolved, string nodeName)
    {
        var cluster = mesh.Cluster;
        var destination = unresolved.Server.Endpoint;
        if (cluster.FindService(destination.Address, destination.Port, unresolved.Protocol) is { } service)
        {
            return unresolved.Protocol == TransportProtocol.Tcp
                ? FindEndpoint(mesh, unresolved, service, nodeName)
                : FindWorstEndpoint(mesh, unresolved, service, nodeName);
        }

        if (cluster.IsServiceAddress(destination.Address))
            return null;
        var server = Party.Find(cluster, destination, isServer: true);
        var parties = unresolved with { Server = server };
        var isUnknownPod = server.Workload is null && cluster.IsPodAddress(destination.Address);
        return isUnknownPod || !parties.IsOffered ? null : new Resolution(parties);
    }

    /// <summary>Why <see cref="Find"/> found nobody in the end.</summary>
    internal static OutcomeReason WhyNone(MeshSnapshot mesh, in Parties unresolved)
    {
        var address = unresolved.Server.Endpoint.Address;
        if (mesh.Cluster.IsServiceAddress(address))
            return OutcomeReason.NoEndpoint;
        return mesh.Cluster.FindWorkload(address) is null ? OutcomeReason.UnknownServer : OutcomeReason.PortNotOffered;
    }

    /// <summary>Whose a client's address is. Null while an address of the pod ranges belongs to no known pod.</summary>
    internal static Resolution? FindClient(MeshSnapshot mesh, in Parties unknown)
    {
        var client = Party.Find(mesh.Cluster, unknown.Client.Endpoint, isServer: false);
        return client.Workload is null && mesh.Cluster.IsPodAddress(client.Endpoint.Address)
            ? null
            : new Resolution(unknown with { Client = client });
    }

    /// <summary>
    /// The endpoints take turns, those that policy would refuse last: a Service is refused only when all of its
    /// endpoints would refuse.
    /// </summary>
    private static Resolution? FindEndpoint(MeshSnapshot mesh, in Parties unresolved, ServiceTarget service, string nodeName)
    {
        Resolution? refused = null;
        var turn = (uint)Interlocked.Increment(ref s_turn);
        for (var i = 0; i < service.Endpoints.Count; i++)
        {
            var endpoint = service.Endpoints[(int)((turn + i) % (uint)service.Endpoints.Count)];
            var server = Party.Find(mesh.Cluster, new Endpoint(endpoint.Address, endpoint.Port), isServer: true);
            if (server.Workload is null && mesh.Cluster.IsPodAddress(endpoint.Address))
                continue;
            var resolved = new Resolution(unresolved with { Server = server, Service = service });
            if (!resolved.Parties.IsOffered)
                continue;
            if (Judgement.Of(mesh, resolved.Parties, PeerAuthentication.NotYetKnown, nodeName).IsAllowed)
                return resolved;
            refused ??= resolved;
        }

        return refused;
    }

    /// <summary>
    /// What is not TCP is not carried by this process: whoever balances the Service chooses the endpoint. So the client may
    /// speak to the Service only if it may speak to every endpoint, one that nobody knows included; what the endpoints
    /// themselves let in, their own nodes judge, and here it is refused only when all of them would refuse.
    /// </summary>
    private static Resolution? FindWorstEndpoint(MeshSnapshot mesh, in Parties unresolved, ServiceTarget service, string nodeName)
    {
        Resolution? allowed = null, refused = null;
        foreach (var endpoint in service.Endpoints)
        {
            var server = Party.Find(mesh.Cluster, new Endpoint(endpoint.Address, endpoint.Port), isServer: true);
            var isOffered = server.Workload?.Offers(unresolved.Protocol, endpoint.Port) ?? !mesh.Cluster.IsPodAddress(endpoint.Address);
            if (!isOffered)
                server = server with { Workload = null, Outside = Identity.Unknown };
            var resolved = new Resolution(unresolved with { Server = server, Service = service });
            var judgement = Judgement.Of(mesh, resolved.Parties, PeerAuthentication.Unauthenticated, nodeName);
            if (!judgement.IsAllowed && judgement.Direction == Direction.Egress)
                return resolved;
            if (judgement.IsAllowed)
                allowed ??= resolved;
            else
                refused ??= resolved;
        }

        return allowed ?? refused;
    }
}
