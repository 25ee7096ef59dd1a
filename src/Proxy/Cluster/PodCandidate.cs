using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Cluster;

/// <summary>A pod on its way to become a workload.</summary>
internal sealed class PodCandidate(PodDocument pod, NamespaceDocument? @namespace, AllottedNumbers numbers, ExpectedIds ids)
    : WorkloadCandidate(pod.Place, $"{pod.Namespace}/{pod.Name}", numbers.Number(IdentityOf(pod, @namespace)), pod.Uid ?? pod.DerivedUid, @namespace)
{
    public override bool IsClosed => pod.IsClosed;

    public override bool HasIdentity => !pod.IsHostNetwork;

    public override string DerivedUid => pod.DerivedUid;

    // A host-network pod has the node's address, which is not its own.
    public override IReadOnlyList<Address> Claims => pod.IsHostNetwork ? [] : pod.Addresses;

    public override Workload ToWorkload() => new()
    {
        Uid = Uid,
        Namespace = pod.Namespace,
        Name = pod.Name,
        ServiceAccount = pod.ServiceAccount,
        NodeName = pod.NodeName,
        Addresses = pod.Addresses,
        Labels = pod.Labels,
        Mode = pod.IsHostNetwork ? EnrolmentMode.Disabled : pod.Mode ?? Namespace?.Mode ?? EnrolmentMode.Disabled,
        Exclusions = pod.Exclusions,
        Ports = pod.Ports,
        IsHostNetwork = pod.IsHostNetwork,
        NetworkNamespace = pod.NetworkNamespace,
        Identity = Identity,
        ExpectedId = ids.OfPod(pod.Namespace, pod.ServiceAccount, Identity),
        Owners = pod.Owners,
        IsDisputed = IsDisputed,
    };

    private static Identity IdentityOf(PodDocument pod, NamespaceDocument? @namespace) =>
        Identity.ForPod(pod.Namespace, pod.ServiceAccount, pod.Labels, @namespace?.Labels ?? NoLabels);
}
