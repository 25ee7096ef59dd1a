using System.Collections.Frozen;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Spiffe;

namespace Proxy.Cluster;

/// <summary>All that is known of the cluster at one moment. Immutable; lookups allocate nothing.</summary>
internal sealed class ClusterSnapshot
{
    public static ClusterSnapshot Empty { get; } = new();

    /// <summary>Increases with every snapshot that a source publishes.</summary>
    public long Revision { get; init; }

    public IReadOnlyList<Workload> Workloads { get; init; } = [];

    public PolicySnapshot Policies { get; init; } = PolicySnapshot.Empty;

    /// <summary>What the policies refer to.</summary>
    public PolicyContext PolicyContext { get; init; } = PolicyContext.Empty;

    /// <summary>The policy documents in force, the refused ones that close what they select included.</summary>
    public IReadOnlyList<PolicyDocument> Documents { get; init; } = [];

    /// <summary>What was wrong with what was read, sorted by file and line.</summary>
    public IReadOnlyList<ManifestFault> Faults { get; init; } = [];

    /// <summary>What was read and does less than it says, or something else, sorted by file and line. It refuses nothing.</summary>
    public IReadOnlyList<ManifestFault> Warnings { get; init; } = [];

    /// <summary>What it was put together from, each part with its place.</summary>
    public IReadOnlyList<ManifestFileState> Files { get; init; } = [];

    public IReadOnlyList<Cidr> PodCidrs { get; init; } = [];

    /// <summary>Every pod address that belongs to exactly one workload.</summary>
    public FrozenDictionary<Address, Workload> Addresses { get; init; } = FrozenDictionary<Address, Workload>.Empty;

    /// <summary>Addresses that pods claim and none may have; they count as pod addresses nobody owns.</summary>
    public FrozenSet<Address> RefusedAddresses { get; init; } = FrozenSet<Address>.Empty;

    public FrozenDictionary<ServicePort, ServiceTarget> Services { get; init; } =
        FrozenDictionary<ServicePort, ServiceTarget>.Empty;

    public FrozenSet<Address> ServiceAddresses { get; init; } = FrozenSet<Address>.Empty;

    /// <summary>Addresses of nodes, which may lie in a pod range.</summary>
    public FrozenSet<Address> NodeAddresses { get; init; } = FrozenSet<Address>.Empty;

    /// <summary>Addresses that are no pod's and yet more than outside the cluster: those of nodes and of the API server.</summary>
    public FrozenDictionary<Address, Outsider> Outsiders { get; init; } = FrozenDictionary<Address, Outsider>.Empty;

    /// <summary>What policy takes the address for when it is no pod's.</summary>
    public Identity FindOutsider(Address address, bool isServer) => Outsiders.TryGetValue(address, out var outsider)
        ? isServer ? outsider.AsServer : outsider.AsClient
        : Identity.World;

    /// <summary>The pod that owns the address; null when nobody does or its ownership is disputed.</summary>
    public Workload? FindWorkload(Address address) => Addresses.GetValueOrDefault(address);

    /// <summary>The target of a port of a service's cluster address; null when there is no such port.</summary>
    public ServiceTarget? FindService(Address clusterIp, ushort port, TransportProtocol protocol = TransportProtocol.Tcp) =>
        Services.GetValueOrDefault(new ServicePort(clusterIp, port, protocol));

    /// <summary>Whether the address is a service's cluster address, whatever the port.</summary>
    public bool IsServiceAddress(Address address) => ServiceAddresses.Contains(address);

    /// <summary>Whether only a pod may have the address, so that it must not be taken for the outside world.</summary>
    public bool IsPodAddress(Address address)
    {
        if (Addresses.ContainsKey(address) || RefusedAddresses.Contains(address))
            return true;
        if (NodeAddresses.Contains(address))
            return false;
        for (var i = 0; i < PodCidrs.Count; i++)
            if (PodCidrs[i].Contains(address))
                return true;

        return false;
    }

    /// <summary>Whether the policies, what they refer to, and the identities that there are have stayed the same.</summary>
    public bool MeansTheSameAs(ClusterSnapshot other) =>
        Documents.SequenceEqual(other.Documents, ReferenceEqualityComparer.Instance)
        && PolicyContext.Services.Count == other.PolicyContext.Services.Count
        && PolicyContext.Services.Zip(other.PolicyContext.Services).All(pair => AreSame(pair.First, pair.Second))
        && PolicyContext.CidrGroups.SequenceEqual(other.PolicyContext.CidrGroups, ReferenceEqualityComparer.Instance)
        && PolicyContext.Secrets.SequenceEqual(other.PolicyContext.Secrets, ReferenceEqualityComparer.Instance)
        && PolicyContext.AuditNamespaces.SetEquals(other.PolicyContext.AuditNamespaces)
        && IdsOf(Workloads).SetEquals(IdsOf(other.Workloads));

    private static bool AreSame(PolicyService one, PolicyService other) =>
        one.Namespace == other.Namespace && one.Name == other.Name && one.Labels.Equals(other.Labels)
        && ReferenceEquals(one.Selector, other.Selector) && one.Endpoints.SequenceEqual(other.Endpoints);

    private static HashSet<(Identity Identity, SpiffeId Id)> IdsOf(IReadOnlyList<Workload> workloads) =>
        [.. workloads.Select(workload => (workload.Identity, workload.ExpectedId))];

    public IEnumerable<Workload> LocalTo(string nodeName) => Workloads.Where(workload => workload.NodeName == nodeName);
}
