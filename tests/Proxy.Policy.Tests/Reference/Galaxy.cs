namespace Proxy.Policy.Tests.Reference;

/// <summary>The pods of the published vectors, and documents about them.</summary>
internal static class Galaxy
{
    public static readonly Selector Imperials = Selector.Of(("org", "empire"));
    public static readonly Selector Alliance = Selector.Of(("org", "alliance"));
    public static readonly Selector Ties = Selector.Of(("class", "tiefighter"));
    public static readonly IReadOnlyList<PortRule> Port80 = [new([new Port("80", "TCP")])];

    public static readonly HttpRule Landing = new() { Method = "POST", Path = "/v1/request-landing" };

    public static readonly Item LandingItem = new() { Peers = new EndpointPeers(Imperials), ToPorts = Http(Landing) };

    public static readonly ClusterModel Cluster = new()
    {
        Namespaces = new Dictionary<string, IReadOnlyDictionary<string, string>>
        {
            ["default"] = new Dictionary<string, string>(),
            ["other"] = new Dictionary<string, string>(),
        },
        Workloads =
        [
            Pod("ds", "default", "10.0.1.1", "empire", "deathstar"),
            Pod("tie", "default", "10.0.1.2", "empire", "tiefighter"),
            Pod("xw", "default", "10.0.1.3", "alliance", "xwing"),
            Pod("elsewhere", "other", "10.0.1.4", "empire", "tiefighter"),
            new("world", PeerKind.World, "1.1.1.1"),
            new("10.96.0.1", PeerKind.World, "10.96.0.1"),
            new("10.96.0.2", PeerKind.World, "10.96.0.2"),
            new("10.1.0.1", PeerKind.World, "10.1.0.1"),
            new("node", PeerKind.Host, "10.0.0.1"),
        ],
    };

    public static Workload Named(string name) => Cluster.Workloads.Single(workload => workload.Name == name);

    public static IReadOnlyList<PortRule> Http(params IReadOnlyList<HttpRule> rules) => [Port80[0] with { Http = rules }];

    /// <summary>The policy of the scenario, changed or not.</summary>
    public static Document StarWars(Func<Rule, Rule>? change = null, string? mode = null)
    {
        var rule = new Rule(Selector.Of(("org", "empire"), ("class", "deathstar"))) { Ingress = [LandingItem with { Mode = mode }] };
        return new Document(DocumentKind.Namespaced, "default", "sw") { Rules = [change?.Invoke(rule) ?? rule] };
    }

    /// <summary>A document on the death star that lets these in.</summary>
    public static Document Ingress(params IReadOnlyList<Item> items) => OnDeathStar(rule => rule with { Ingress = items });

    /// <summary>A document on the death star.</summary>
    public static Document OnDeathStar(Func<Rule, Rule> change) => new(DocumentKind.Namespaced, "default", "p")
    {
        Rules = [change(new Rule(Selector.Of(("class", "deathstar"))))],
    };

    private static Workload Pod(string name, string @namespace, string address, string org, string @class) => new(name, PeerKind.Pod, address)
    {
        Namespace = @namespace,
        Account = name,
        Labels = new Dictionary<string, string> { ["org"] = org, ["class"] = @class },
    };
}
