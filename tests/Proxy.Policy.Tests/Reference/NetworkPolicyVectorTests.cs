namespace Proxy.Policy.Tests.Reference;

/// <summary>Kubernetes §2, asked of the product through manifests, and of the reference.</summary>
public sealed class NetworkPolicyVectorTests
{
    private static readonly NetworkPolicyPeer TeamX = new() { Namespaces = Selector.Of(("team", "x")) };
    private static readonly NetworkPolicyPeer RoleY = new() { Pods = Selector.Of(("role", "y")) };
    private static readonly NetworkPolicyPeer Both = new() { Pods = RoleY.Pods, Namespaces = TeamX.Namespaces };
    private static readonly NetworkPolicyPeer EveryPodHere = new() { Pods = Selector.Of() };
    private static readonly NetworkPolicyPeer EveryPod = new() { Namespaces = Selector.Of() };
    private static readonly NetworkPolicySpec Web = new(Selector.Of(("app", "web")));
    private static readonly NetworkPolicySpec Nothing = Web with { Ingress = [] };

    // On port 80: c1, c1 with role=y, c2, outside, own node; then all of them on port 81, then egress to c1.
    private static readonly (string Name, string Expected, NetworkPolicySpec[] Specs)[] Rows =
    [
        ("1", "yes yes yes yes yes, yes yes yes yes yes, yes", []),
        ("2", "no no no no yes, no no no no yes, yes", [Nothing]),
        ("3", "yes yes yes yes yes, yes yes yes yes yes, yes", [Web with { Ingress = [new()] }]),
        ("4", "yes yes yes yes yes, yes yes yes yes yes, yes", [Web with { Ingress = [new() { Peers = [] }] }]),
        ("5", "yes yes no no yes, yes yes no no yes, yes", [From(EveryPodHere)]),
        ("6", "yes yes yes no yes, yes yes yes no yes, yes", [From(EveryPod)]),
        ("7", "no no yes no yes, no no yes no yes, yes", [From(Both)]),
        ("8", "no yes yes no yes, no yes yes no yes, yes", [From(TeamX, RoleY)]),
        ("9", "no no no yes yes, no no no yes yes, yes", [From(new NetworkPolicyPeer { Block = "0.0.0.0/0" })]),
        ("10", "yes yes yes yes yes, no no no no yes, yes", [Web with { Ingress = [new() { Ports = [new("80", "TCP")] }] }]),
        ("11", "yes yes yes yes yes, yes yes yes yes yes, no", [Web with { PolicyTypes = [Direction.Egress] }]),
        ("12", "no no no no yes, no no no no yes, yes", [Web with { Egress = [] }]),
        ("13", "yes yes no no yes, yes yes no no yes, yes", [Nothing, From(EveryPodHere)]),
    ];

    private static readonly ClusterModel Cluster = new()
    {
        Namespaces = new Dictionary<string, IReadOnlyDictionary<string, string>> { ["b"] = new Dictionary<string, string> { ["team"] = "x" } },
        Workloads =
        [
            Pod("c1", "a", []),
            Pod("c1 with role=y", "a", [("role", "y")]),
            Pod("c2", "b", [("role", "y")]),
            new("outside", PeerKind.World, "192.0.2.1"),
            new("node", PeerKind.Host, "10.0.0.1"),
        ],
    };

    public static TheoryData<string> Names => [.. Rows.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Vector(string name)
    {
        var (_, expected, specs) = Rows.Single(row => row.Name == name);
        var scenario = new Scenario(Cluster, [.. specs.Select((spec, i) => new Document(DocumentKind.Kubernetes, "a", $"p{i}") { Spec = spec })]);
        var product = new Product(scenario);

        Assert.Empty(product.Misread.SelectMany(document => document.Faults));
        Assert.Equal(expected, Answers(question => new ReferenceEvaluator().Ask(scenario, question)));
        Assert.Equal(expected, Answers(product.Ask));
    }

    private static string Answers(Func<Question, Answer> ask) => string.Join(", ", (string[])
    [
        string.Join(' ', Cluster.Workloads.Select(peer => Name(ask(Question(Direction.Ingress, peer, 80))))),
        string.Join(' ', Cluster.Workloads.Select(peer => Name(ask(Question(Direction.Ingress, peer, 81))))),
        Name(ask(Question(Direction.Egress, Cluster.Workloads[0], 80))),
    ]);

    private static string Name(Answer answer) => answer.Passes ? "yes" : "no";

    private static Question Question(Direction direction, Workload peer, ushort port) =>
        new(direction, Pod("web", "a", [("app", "web")]), peer, TransportProtocol.Tcp, port, PeerAuthentication.NotYetKnown, Request.Get);

    private static NetworkPolicySpec From(params IReadOnlyList<NetworkPolicyPeer> peers) => Web with { Ingress = [new() { Peers = peers }] };

    private static Workload Pod(string name, string @namespace, (string Key, string Value)[] labels) => new(name, PeerKind.Pod, "10.0.1.1")
    {
        Namespace = @namespace,
        Account = "default",
        Labels = labels.ToDictionary(label => label.Key, label => label.Value),
    };
}
