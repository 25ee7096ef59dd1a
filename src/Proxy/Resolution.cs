using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;

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
        if (cluster.FindService(destination.Address, destination.Port) is { } service)
            return FindEndpoint(mesh, unresolved, service, nodeName);
        if (cluster.IsServiceAddress(destination.Address))
            return null;
        var workload = cluster.FindWorkload(destination.Address);
        var isUnknownPod = workload is null && cluster.IsPodAddress(destination.Address);
        return isUnknownPod ? null : new Resolution(unresolved with { Server = new Party(destination, workload) });
    }

    /// <summary>Why <see cref="Find"/> found nobody in the end.</summary>
    internal static OutcomeReason WhyNone(MeshSnapshot mesh, in Parties unresolved) =>
        mesh.Cluster.IsServiceAddress(unresolved.Server.Endpoint.Address) ? OutcomeReason.NoEndpoint : OutcomeReason.UnknownServer;

    /// <summary>Whose a client's address is. Null while an address of the pod ranges belongs to no known pod.</summary>
    internal static Resolution? FindClient(MeshSnapshot mesh, in Parties unknown)
    {
        var address = unknown.Client.Endpoint.Address;
        var workload = mesh.Cluster.FindWorkload(address);
        return workload is null && mesh.Cluster.IsPodAddress(address)
            ? null
            : new Resolution(unknown with { Client = unknown.Client with { Workload = workload } });
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
            var workload = mesh.Cluster.FindWorkload(endpoint.Address);
            if (workload is null && mesh.Cluster.IsPodAddress(endpoint.Address))
                continue;
            var resolved = new Resolution(unresolved with { Server = new Party(new Endpoint(endpoint.Address, endpoint.Port), workload), Service = service });
            if (Judgement.Of(mesh, resolved.Parties, PeerAuthentication.NotYetKnown, nodeName).IsAllowed)
                return resolved;
            refused ??= resolved;
        }

        return refused;
    }
}
