using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Cluster;

/// <summary>A machine outside the cluster on its way to become a workload.</summary>
internal sealed class ExternalCandidate(ExternalDocument external, NamespaceDocument? @namespace, ExpectedIds ids)
    : WorkloadCandidate(
        external.Place,
        $"ExternalWorkload {external.Namespace}/{external.Name}",
        Identity.ForExternal(external.Namespace, external.Labels, @namespace?.Labels ?? NoLabels),
        UidOf(external),
        @namespace)
{
    public override bool IsClosed => external.IsClosed;

    public override string DerivedUid => UidOf(external);

    public override IReadOnlyList<Address> Claims => external.Addresses;

    public override Workload ToWorkload() => new()
    {
        Uid = Uid,
        Namespace = external.Namespace,
        Name = external.Name,
        ServiceAccount = "",
        NodeName = "",
        Addresses = external.Addresses,
        Labels = external.Labels,
        Mode = EnrolmentMode.Disabled,
        Ports = external.Ports,
        External = external.Spec,
        IsHostNetwork = false,
        NetworkNamespace = null,
        Identity = Identity,
        ExpectedId = external.SpiffeId ?? ids.OfNobody,
        Owners = [],
        IsDisputed = IsDisputed,
    };

    // Two closed ones may share a name. The slash keeps it apart from every pod's.
    private static string UidOf(ExternalDocument external) => external.IsClosed
        ? $"external/{external.Place.File}:{external.Place.Line}"
        : $"external/{external.Namespace}/{external.Name}";
}
