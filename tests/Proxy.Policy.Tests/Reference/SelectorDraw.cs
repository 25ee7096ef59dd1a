namespace Proxy.Policy.Tests.Reference;

/// <summary>Draws selectors of subjects and peers.</summary>
internal sealed class SelectorDraw(Random random)
{
    private const string NamespaceKey = "io.kubernetes.pod.namespace";
    private const string TeamKey = "io.cilium.k8s.namespace.labels.team";
    private const string NameKey = "io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name";
    private const string AccountKey = "io.cilium.k8s.policy.serviceaccount";

    /// <summary>Often everything, so that subjects are governed.</summary>
    public Selector Subject(DocumentKind kind) => random.Next(9) switch
    {
        < 4 => Selector.Of(),
        4 when kind == DocumentKind.Clusterwide => new(NamespaceRequirement()),
        5 => new([.. Distinct([.. PodRequirements(), NamespaceRequirement()])]),
        _ => new([.. Distinct(PodRequirements())]),
    };

    public Selector Peer() => random.Next(8) switch
    {
        0 or 4 => Selector.Of(),
        1 or 2 => new([.. Distinct([.. random.List(0, 1, PodRequirement), NamespaceRequirement()])]),
        3 => new(ReservedRequirement()),
        _ => new([.. Distinct(PodRequirements())]),
    };

    /// <summary>Of a NetworkPolicy: plain keys.</summary>
    public Selector Pods() => new([.. Distinct(random.List(0, 2, () => Over(random.From(ClusterDraw.PodLabels), "")))]);

    /// <summary>Of a NetworkPolicy: labels of namespaces.</summary>
    public Selector Namespaces() => random.Next(4) switch
    {
        0 => Selector.Of(),
        1 => Selector.Of(("kubernetes.io/metadata.name", random.From(ClusterDraw.Namespaces))),
        _ => new(Over(("team", ClusterDraw.Teams), "")),
    };

    private List<Requirement> PodRequirements() => random.List(0, 2, PodRequirement);

    private Requirement PodRequirement() => random.Next(10) switch
    {
        0 => Over((AccountKey, ClusterDraw.Accounts), Source()),
        1 => Over(("pod-template-hash", ["1", "2"]), Source()),
        _ => Over(random.From(ClusterDraw.PodLabels), Source()),
    };

    private Requirement NamespaceRequirement() => random.Next(3) switch
    {
        0 => Over((TeamKey, ClusterDraw.Teams), Source()),
        1 => Over((NameKey, ClusterDraw.Namespaces), Source()),
        _ => Over((NamespaceKey, ClusterDraw.Namespaces), Source()),
    };

    private Requirement ReservedRequirement()
    {
        var key = "reserved:" + random.From("world", "host", "remote-node", "kube-apiserver", "unmanaged", "ingress");
        return random.Next(3) switch
        {
            0 => new Requirement(key, Operator.DoesNotExist, []),
            1 => new Requirement(key, Operator.Exists, []),
            _ => Requirement.Label(key, ""),
        };
    }

    private string Source() => random.From("", "", "k8s:", "any:");

    private Requirement Over((string Key, string[] Values) label, string source)
    {
        var key = source + label.Key;
        return random.Next(8) switch
        {
            0 => new Requirement(key, Operator.In, random.List(1, 2, () => random.From(label.Values))),
            1 => new Requirement(key, Operator.NotIn, random.List(1, 2, () => random.From(label.Values))),
            2 => new Requirement(key, Operator.Exists, []),
            3 => new Requirement(key, Operator.DoesNotExist, []),
            _ => Requirement.Label(key, random.From(label.Values)),
        };
    }

    // A key can stand under matchLabels once.
    private static IEnumerable<Requirement> Distinct(IEnumerable<Requirement> requirements) =>
        requirements.DistinctBy(requirement => (requirement.Key, requirement.IsLabel));
}
