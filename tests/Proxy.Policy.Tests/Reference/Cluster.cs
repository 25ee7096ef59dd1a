namespace Proxy.Policy.Tests.Reference;

internal enum PeerKind
{
    Pod,
    World,

    /// <summary>The node of the subject.</summary>
    Host,
    RemoteNode,
    Unmanaged,
    Health,
    Ingress,

    /// <summary>The API server on an address outside the cluster.</summary>
    ApiServerOutside,

    /// <summary>The API server on another node.</summary>
    ApiServerOnNode,

    /// <summary>Nothing is known about the address.</summary>
    Unknown,
}

/// <summary>A pod, or whatever else may be at the other end.</summary>
internal sealed record Workload(string Name, PeerKind Kind, string Address)
{
    public string Namespace { get; init; } = "";

    public string Account { get; init; } = "";

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<NamedPort> Ports { get; init; } = [];

    public override string ToString() => Kind == PeerKind.Pod
        ? $"{Namespace}/{Name} at {Address} (account {Account}; {string.Join(' ', Labels.Select(label => $"{label.Key}={label.Value}"))}; {string.Join(' ', Ports)})"
        : $"{Kind} at {Address}";
}

internal sealed record NamedPort(string Name, TransportProtocol Protocol, ushort Number)
{
    public override string ToString() => $"{Name}={Number}/{Protocol}";
}

/// <summary>What <c>toServices</c> refers to: with a selector its pods, otherwise these addresses.</summary>
internal sealed record ClusterService(string Namespace, string Name)
{
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string>? Selector { get; init; }

    public IReadOnlyList<string> Addresses { get; init; } = [];
}

internal sealed record AddressGroup(string Name, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<string> Cidrs);

internal sealed record ClusterSecret(string Namespace, string Name, string? Value);

/// <summary>Everything that policy speaks about.</summary>
internal sealed record ClusterModel
{
    /// <summary>Labels by namespace, without the one that the API server sets.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Namespaces { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, string>>();

    public IReadOnlyList<Workload> Workloads { get; init; } = [];

    public IReadOnlyList<ClusterService> Services { get; init; } = [];

    public IReadOnlyList<AddressGroup> Groups { get; init; } = [];

    public IReadOnlyList<ClusterSecret> Secrets { get; init; } = [];

    public IReadOnlyList<string> AuditNamespaces { get; init; } = [];

    /// <summary>Kubernetes §1: namespaces carry their own name as a label.</summary>
    public IEnumerable<KeyValuePair<string, string>> LabelsOf(string @namespace) =>
        (Namespaces.GetValueOrDefault(@namespace) ?? new Dictionary<string, string>())
            .Append(KeyValuePair.Create("kubernetes.io/metadata.name", @namespace));
}

/// <summary>A cluster with its policies.</summary>
internal sealed record Scenario(ClusterModel Cluster, IReadOnlyList<Document> Documents);
