namespace Proxy.Policy.Tests.Reference;

/// <summary>Draws clusters: few names, so that what is drawn meets.</summary>
internal sealed class ClusterDraw(Random random)
{
    public static readonly string[] Namespaces = ["default", "shop", "ops"];
    public static readonly string[] Teams = ["red", "blue"];
    public static readonly string[] Accounts = ["default", "robot"];
    public static readonly (string Key, string[] Values)[] PodLabels =
        [("app", ["web", "api", "db"]), ("tier", ["front", "back"]), ("role", ["", "leader"])];

    private static readonly string[] OutsideAddresses =
        ["10.1.2.3", "10.96.0.1", "10.200.7.7", "192.0.2.1", "192.0.2.77", "198.51.100.4", "2001:db8::1", "2001:db8:1::5"];

    public ClusterModel Cluster() => new()
    {
        Namespaces = Namespaces.ToDictionary(name => name, _ => (IReadOnlyDictionary<string, string>)random.Labels(("team", Teams))),
        Workloads = [.. Enumerable.Range(0, random.Next(4, 8)).Select(Pod).SelectMany(WithTwin), .. Others()],
        Services = [.. random.List(0, 2, Service).DistinctBy(service => (service.Namespace, service.Name))],
        Groups = [.. random.List(0, 2, Group).DistinctBy(group => group.Name)],
        Secrets = random.OneIn(2) ? [new ClusterSecret("ops", "token", random.OneIn(3) ? null : random.From("1", "2"))] : [],
        AuditNamespaces = random.OneIn(12) ? [random.From(Namespaces)] : [],
    };

    /// <summary>One of them more often than the others, so that pods and policies meet.</summary>
    public static string Namespace(Random random) => random.OneIn(2) ? Namespaces[0] : random.From(Namespaces);

    public Workload Pod(int i)
    {
        var labels = random.Labels(PodLabels);
        if (random.OneIn(3))
            labels["pod-template-hash"] = random.From("1", "2");
        return new Workload($"pod-{i}", PeerKind.Pod, random.OneIn(4) ? $"2001:db8:1::{i + 10}" : $"10.1.0.{i + 10}")
        {
            Namespace = Namespace(random),
            Account = random.From(Accounts),
            Labels = labels,
            Ports = NamedPorts(),
        };
    }

    // Of the same identity, with other ports.
    private IEnumerable<Workload> WithTwin(Workload pod) =>
        random.OneIn(4) ? [pod, pod with { Name = $"{pod.Name}-twin", Address = $"{pod.Address}0", Ports = NamedPorts() }] : [pod];

    private List<NamedPort> NamedPorts() =>
        [.. new NamedPort[]
            {
                new("http", TransportProtocol.Tcp, random.From<ushort>(80, 8080)),
                new("dns", TransportProtocol.Udp, 53),
                new("dns", TransportProtocol.Tcp, random.From<ushort>(53, 85)),
            }.Where(_ => random.Next(3) > 0)];

    private IEnumerable<Workload> Others() =>
    [
        .. OutsideAddresses.Where(_ => random.OneIn(2)).Select(address => new Workload("", PeerKind.World, address)),
        new("", PeerKind.World, "203.0.113.9"),
        new("", PeerKind.Host, "10.0.0.1"),
        new("", PeerKind.RemoteNode, "10.0.0.2"),
        new("", PeerKind.Unmanaged, "10.1.0.9"),
        new("", PeerKind.Health, "10.1.0.8"),
        new("", PeerKind.Ingress, "10.1.0.7"),
        new("", PeerKind.ApiServerOutside, "192.0.2.6"),
        new("", PeerKind.ApiServerOnNode, "10.0.0.3"),
        new("", PeerKind.Unknown, "10.1.0.250"),
    ];

    private ClusterService Service()
    {
        var service = new ClusterService(Namespace(random), random.From("front", "legacy")) { Labels = random.Labels(("kind", ["public", "private"])) };
        return random.OneIn(2)
            ? service with { Selector = new Dictionary<string, string> { ["app"] = random.From("web", "api") } }
            : service with { Addresses = random.List(1, 2, () => random.From("10.1.2.3", "192.0.2.1", "10.1.0.10", "2001:db8::1")) };
    }

    private AddressGroup Group() => new(
        random.From("partners", "offices"),
        random.Labels(("zone", ["a", "b"])),
        random.List(0, 2, () => random.From("10.0.0.0/8", "192.0.2.0/26", "2001:db8:1::/48")));
}
