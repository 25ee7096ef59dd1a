using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace Proxy.Policy.Tests.Reference;

/// <summary>Which workloads selectors, entities, ranges and services choose.</summary>
internal class Choice(ClusterModel cluster)
{
    private const string NamespaceKey = "io.kubernetes.pod.namespace";
    private const string AccountKey = "io.cilium.k8s.policy.serviceaccount";
    private const string NamespaceLabels = "io.cilium.k8s.namespace.labels.";

    private static readonly ConcurrentDictionary<string, string> Bits = new();

    // Cilium §4: per-pod labels are filtered out and cannot be selected.
    private static readonly string[] PerPodLabels = ["pod-template-hash", "statefulset.kubernetes.io/pod-name"];

    private readonly Dictionary<Workload, (string Source, string Key, string Value)[]> _labels = new(ReferenceEqualityComparer.Instance);

    public ClusterModel Cluster => cluster;

    /// <summary>Cilium §4: the subject of a namespaced document is always in its namespace, whatever namespace is written.</summary>
    public bool IsSubject(Document document, Selector selector, Workload workload) =>
        workload.Kind == PeerKind.Pod
        && (document.Kind == DocumentKind.Clusterwide
            ? Matches(selector.Requirements, workload)
            : workload.Namespace == document.Namespace
                && Matches(selector.Requirements.Where(requirement => !IsNamespace(requirement)), workload));

    /// <summary>Cilium §4, namespace scope of peers.</summary>
    public bool IsPeer(Document document, Selector selector, Workload workload) =>
        Matches(selector.Requirements, workload)
        && (selector.Requirements.Any(requirement => LiftsScope(document, requirement)) || IsInScope(document, workload));

    // CNP: the policy's namespace. CCNP: "namespace label exists", so only pods.
    protected virtual bool IsInScope(Document document, Workload workload) =>
        workload.Kind == PeerKind.Pod
        && (document.Kind == DocumentKind.Clusterwide || workload.Namespace == document.Namespace);

    /// <summary>Kubernetes §1, peers; Cilium §15.</summary>
    public bool IsPeer(Document document, NetworkPolicyPeer peer, Workload workload)
    {
        if (peer.Block is { } block)
            return IsInRange(block, peer.Except, workload);

        if (workload.Kind != PeerKind.Pod)
            return false;

        // podSelector alone = the policy's namespace; namespaceSelector {} = every namespace.
        var isInNamespace = peer.Namespaces is { } namespaces
            ? Matches(namespaces.Requirements, [.. cluster.LabelsOf(workload.Namespace).Select(label => ("k8s", label.Key, label.Value))])
            : workload.Namespace == document.Namespace;
        return isInNamespace && (peer.Pods is null || Matches(peer.Pods.Requirements, workload));
    }

    /// <summary>Cilium §5.</summary>
    public static bool IsEntity(string entity, Workload workload) => entity switch
    {
        "all" => true,
        "world" => IsOutside(workload),
        "cluster" => workload.Kind is not PeerKind.World,
        "host" => workload.Kind is PeerKind.Host,
        "remote-node" => workload.Kind is PeerKind.RemoteNode or PeerKind.ApiServerOnNode,
        "kube-apiserver" => workload.Kind is PeerKind.ApiServerOutside or PeerKind.ApiServerOnNode,
        "unmanaged" => workload.Kind is PeerKind.Unmanaged,
        "health" => workload.Kind is PeerKind.Health,
        "ingress" => workload.Kind is PeerKind.Ingress,
        // init and none: nobody whom we know.
        _ => false,
    };

    /// <summary>Cilium §3: exactly one of cidr, group by name, groups by label; except carves this entry only.</summary>
    public bool IsInEntry(CidrEntry entry, Workload workload) =>
        RangesOf(entry).Any(range => IsInRange(range, entry.Except, workload));

    /// <summary>Design §1, fail closed: a deny of a named group that is not there covers whatever has an address outside.</summary>
    public bool IsInMissing(CidrEntry entry, Workload workload) =>
        entry.GroupName is not null && cluster.Groups.All(group => group.Name != entry.GroupName) && HasRangedAddress(workload);

    public bool IsInRange(string cidr, IReadOnlyList<string> except, Workload workload) =>
        HasRangedAddress(workload) && Contains(cidr, workload.Address) && !except.Any(hole => Contains(hole, workload.Address));

    /// <summary>Cilium §3: a CIDR never matches a pod, node or host, even if its address lies in the range.</summary>
    protected virtual bool HasRangedAddress(Workload workload) => IsOutside(workload);

    /// <summary>Cilium §3: services with a selector become that selector, others the CIDRs of their endpoints.</summary>
    public bool IsBehind(ServiceReference reference, Workload workload) =>
        cluster.Services.Where(service => IsNamed(reference, service)).Any(service => IsBehind(service, workload));

    private bool IsBehind(ClusterService service, Workload workload) => service.Selector is { } selector
        ? workload.Kind == PeerKind.Pod && workload.Namespace == service.Namespace
            && selector.All(label => workload.Labels.TryGetValue(label.Key, out var value) && value == label.Value)
        : service.Addresses.Any(address => HasRangedAddress(workload) && address == workload.Address);

    private static bool IsNamed(ServiceReference reference, ClusterService service) =>
        (reference.Namespace is null || reference.Namespace == service.Namespace)
        && (reference.Selector is { } selector
            ? Matches(selector.Requirements, Plain(service.Labels))
            : reference.Name == service.Name);

    private IEnumerable<string> RangesOf(CidrEntry entry)
    {
        if (entry.Cidr is not null)
            return [entry.Cidr];

        return cluster.Groups
            .Where(group => entry.GroupSelector is { } selector ? Matches(selector.Requirements, Plain(group.Labels)) : group.Name == entry.GroupName)
            .SelectMany(group => group.Cidrs);
    }

    private static bool Contains(string cidr, string address)
    {
        var (network, prefix) = (cidr.Split('/')[0], int.Parse(cidr.Split('/')[1], CultureInfo.InvariantCulture));
        var (one, other) = (BitsOf(network), BitsOf(address));
        return one.Length == other.Length && one.AsSpan(0, prefix).SequenceEqual(other.AsSpan(0, prefix));
    }

    private static string BitsOf(string address) => Bits.GetOrAdd(
        address, text => string.Concat(IPAddress.Parse(text).GetAddressBytes().Select(part => part.ToString("b8", CultureInfo.InvariantCulture))));

    private static bool IsOutside(Workload workload) => workload.Kind is PeerKind.World or PeerKind.ApiServerOutside;

    private static bool IsNamespace(Requirement requirement) => requirement is { Source: "any" or "k8s", Name: NamespaceKey };

    // To a document of the cluster, labels of namespaces are labels of pods as any other.
    private static bool LiftsScope(Document document, Requirement requirement) =>
        IsNamespace(requirement)
        || requirement.Source == "reserved"
        || (document.Kind != DocumentKind.Clusterwide && requirement.Name.StartsWith(NamespaceLabels, StringComparison.Ordinal));

    private bool Matches(IEnumerable<Requirement> requirements, Workload workload)
    {
        if (!_labels.TryGetValue(workload, out var labels))
            _labels[workload] = labels = [.. LabelsOf(workload)];
        return Matches(requirements, labels);
    }

    // Cilium §4: requirements are AND; NotIn and DoesNotExist hold when the key is missing.
    private static bool Matches(IEnumerable<Requirement> requirements, (string Source, string Key, string Value)[] labels) =>
        requirements.All(requirement =>
        {
            var found = labels.Where(label => label.Key == requirement.Name && (requirement.Source == "any" || requirement.Source == label.Source)).ToList();
            var isListed = found.Any(label => requirement.Values.Contains(label.Value));
            return requirement.Operator switch
            {
                Operator.In => isListed,
                Operator.NotIn => !isListed,
                Operator.Exists => found.Count > 0,
                _ => found.Count == 0,
            };
        });

    private static (string, string, string)[] Plain(IReadOnlyDictionary<string, string> labels) =>
        [.. labels.Select(label => ("k8s", label.Key, label.Value))];

    private IEnumerable<(string Source, string Key, string Value)> LabelsOf(Workload workload) => workload.Kind switch
    {
        PeerKind.Pod => PodLabels(workload),
        PeerKind.World => [("reserved", "world", "")],
        PeerKind.Host => [("reserved", "host", "")],
        PeerKind.RemoteNode => [("reserved", "remote-node", "")],
        PeerKind.Unmanaged => [("reserved", "unmanaged", "")],
        PeerKind.Health => [("reserved", "health", "")],
        PeerKind.Ingress => [("reserved", "ingress", "")],
        PeerKind.ApiServerOutside => [("reserved", "kube-apiserver", ""), ("reserved", "world", "")],
        PeerKind.ApiServerOnNode => [("reserved", "kube-apiserver", ""), ("reserved", "remote-node", "")],
        _ => [],
    };

    // Cilium §4, special names.
    private IEnumerable<(string Source, string Key, string Value)> PodLabels(Workload pod) =>
    [
        .. pod.Labels.Where(label => !PerPodLabels.Contains(label.Key)).Select(label => ("k8s", label.Key, label.Value)),
        .. cluster.LabelsOf(pod.Namespace).Select(label => ("k8s", NamespaceLabels + label.Key, label.Value)),
        ("k8s", NamespaceKey, pod.Namespace),
        ("k8s", AccountKey, pod.Account),
    ];
}
