using Proxy.Cluster;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Lifetime;

/// <summary>One end of a connection and the workload that the directory knows there; null when it is no pod.</summary>
internal readonly record struct Party(Endpoint Endpoint, Workload? Workload)
{
    /// <summary>What an end is that is no pod; null counts as outside the cluster.</summary>
    internal Identity? Outside { get; init; }

    internal Identity Identity => Workload?.Identity ?? Outside ?? Identity.World;

    /// <summary>Whoever the directory knows at the address.</summary>
    internal static Party Find(ClusterSnapshot cluster, Endpoint endpoint, bool isServer) =>
        cluster.FindWorkload(endpoint.Address) is { } workload
            ? new Party(endpoint, workload)
            : new Party(endpoint, null) { Outside = cluster.FindOutsider(endpoint.Address, isServer) };
}

/// <summary>
/// Who speaks to whom. The server is the pod that serves, after a Service has been resolved. Of ICMP the type stands as the
/// server's port, and the code as the client's.
/// </summary>
internal readonly record struct Parties(
    Party Client, Party Server, ServiceTarget? Service, TransportProtocol Protocol = TransportProtocol.Tcp)
{
    /// <summary>The same ends as a newer directory knows them.</summary>
    internal Parties As(ClusterSnapshot cluster) => this with
    {
        Client = Party.Find(cluster, Client.Endpoint, isServer: false),
        Server = Party.Find(cluster, Server.Endpoint, isServer: true),
    };

    /// <summary>Whether both ends are still the same pods, or still none, and are reached in the same way.</summary>
    internal bool AreSamePods(Parties other) =>
        IsSame(Client.Workload, other.Client.Workload) && IsSame(Server.Workload, other.Server.Workload)
        && WireForm == other.WireForm && IsOffered == other.IsOffered;

    /// <summary>What is spoken with the server.</summary>
    internal WireForm WireForm => Server.Workload?.WireFormAt(Server.Endpoint.Port) ?? WireForm.Plaintext;

    /// <summary>Whether the server's port may be spoken to at all.</summary>
    internal bool IsOffered => Server.Workload?.Offers(Protocol, Server.Endpoint.Port) ?? true;

    // Enrolment and node decide between plaintext, mutual TLS and neither; of a machine, what is said of it.
    private static bool IsSame(Workload? one, Workload? other) =>
        one?.Uid == other?.Uid && one?.IsEnrolled == other?.IsEnrolled && one?.NodeName == other?.NodeName
        && one?.External?.Form == other?.External?.Form;
}
