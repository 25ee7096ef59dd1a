using Proxy.Cluster;
using Proxy.Native;
using Proxy.Policy.Labels;

namespace Proxy.Lifetime;

/// <summary>One end of a connection and the workload that the directory knows there; null outside the cluster.</summary>
internal readonly record struct Party(Endpoint Endpoint, Workload? Workload)
{
    internal Identity Identity => Workload?.Identity ?? Identity.World;
}

/// <summary>Who speaks to whom. The server is the pod that serves, after a Service has been resolved.</summary>
internal readonly record struct Parties(Party Client, Party Server, ServiceTarget? Service)
{
    /// <summary>The same ends as a newer directory knows them.</summary>
    internal Parties As(ClusterSnapshot cluster) => new(
        Client with { Workload = cluster.FindWorkload(Client.Endpoint.Address) },
        Server with { Workload = cluster.FindWorkload(Server.Endpoint.Address) },
        Service);

    /// <summary>Whether both ends are still the same pods, or still none, and are reached in the same way.</summary>
    internal bool AreSamePods(Parties other) =>
        IsSame(Client.Workload, other.Client.Workload) && IsSame(Server.Workload, other.Server.Workload)
        && Server.Workload?.IsCapturedAt(Server.Endpoint.Port) == other.Server.Workload?.IsCapturedAt(Server.Endpoint.Port);

    // Enrolment and node decide between plaintext, mutual TLS and neither.
    private static bool IsSame(Workload? one, Workload? other) =>
        one?.Uid == other?.Uid && one?.IsEnrolled == other?.IsEnrolled && one?.NodeName == other?.NodeName;
}
