using static Proxy.Policy.Tests.Reference.Galaxy;

namespace Proxy.Policy.Tests.Reference;

/// <summary>
/// Cilium §16, asked of the product through manifests, and of the reference. The rows about refused documents are in
/// <see cref="PolicyVectorTests"/>.
/// </summary>
public sealed class CiliumVectorTests
{
    private const PeerAuthentication Good = PeerAuthentication.Authenticated;
    private const PeerAuthentication Plain = PeerAuthentication.Unauthenticated;

    private static readonly Item EmpireOn80 = new() { Peers = new EndpointPeers(Imperials), ToPorts = Port80 };
    private static readonly Item Anyone80 = new() { ToPorts = Port80 };
    private static readonly Item OwnNamespace = new() { Peers = new EndpointPeers(Selector.Of()) };
    private static readonly Document ManyNamespaces = Ingress(OwnNamespace) with { Kind = DocumentKind.Clusterwide };
    private static readonly Document RangeWithHole = OnDeathStar(rule => rule with
    {
        Egress =
        [
            new Item { Peers = new CidrSetPeers(new CidrEntry("10.0.0.0/8") { Except = ["10.96.0.0/12"] }) },
            new Item { Peers = new CidrPeers("10.96.0.1/32") },
        ],
    });

    private static readonly Document NoWorld = OnDeathStar(rule => rule with
    {
        Egress = [new Item { Peers = new EntityPeers("all") }],
        EgressDeny = [new Item { Peers = new EntityPeers("world") }],
    });

    private static readonly Row[] Rows =
    [
        new("1", [], "xw", "GET /", "pass"),
        new("2", [StarWars()], "tie", "POST /v1/request-landing", "pass"),
        new("3", [StarWars()], "tie", "PUT /v1/exhaust-port", "403"),
        new("4", [StarWars()], "tie", "POST /v1/request-landing?a=1", "403"),
        new("4, query ignored", [StarWars() with { IgnoresQuery = true }], "tie", "POST /v1/request-landing?a=1", "pass"),
        new("5", [StarWars()], "tie", "POST /v1/request-landing/", "403"),
        new("6", [StarWars()], "tie", "post /v1/request-landing", "403"),
        new("7", [StarWars()], "xw", "POST /v1/request-landing", "drop"),
        new("8", [StarWars()], "tie", "POST /v1/request-landing", "drop") { Port = 81 },
        new("9", [StarWars()], "ds", "POST /v1/request-landing", "pass"),
        new("9, another request", [StarWars()], "ds", "GET /", "403"),
        new("10", [StarWars()], "node", "GET /", "pass"),
        new("11", [StarWars(), Ingress(EmpireOn80)], "tie", "PUT /", "pass"),
        new("12", [StarWars(), Ingress(EmpireOn80 with { Peers = new EndpointPeers(Ties) })], "tie", "PUT /", "pass"),
        new("13", [StarWars(), Ingress(EmpireOn80 with { Peers = new EndpointPeers(Alliance) })], "tie", "PUT /", "403"),
        new("13, xw", [StarWars(), Ingress(EmpireOn80 with { Peers = new EndpointPeers(Alliance) })], "xw", "PUT /", "pass"),
        new("14", [StarWars(), Ingress(Anyone80)], "world", "GET /", "pass"),
        new("15", [StarWars(), Ingress(EmpireOn80 with { ToPorts = null })], "tie", "PUT /", "pass"),
        new("15, port 81", [StarWars(), Ingress(EmpireOn80 with { ToPorts = null })], "tie", "PUT /", "pass") { Port = 81 },
        new("16", [StarWars(), Ingress(EmpireOn80 with { ToPorts = [new([new Port("0")])] })], "tie", "PUT /", "pass"),
        new("17", [StarWars(), OnDeathStar(rule => rule with { IngressDeny = [new Item { Peers = new EndpointPeers(Ties) }] })], "tie", "POST /v1/request-landing", "drop"),
        new("18", [StarWars(rule => rule with { IngressDefaultDeny = false })], "tie", "PUT /", "pass"),
        new("18, xw", [StarWars(rule => rule with { IngressDefaultDeny = false })], "xw", "GET /", "pass"),
        new("19", [Ingress(new Item())], "tie", "GET /", "drop"),
        new("20", [Ingress(new Item { Peers = new EndpointPeers() })], "tie", "GET /", "drop"),
        new("21", [Ingress(OwnNamespace)], "tie", "GET /", "pass"),
        new("21, other namespace", [Ingress(OwnNamespace)], "elsewhere", "GET /", "drop"),
        new("21, world", [Ingress(OwnNamespace)], "world", "GET /", "drop"),
        new("22", [ManyNamespaces], "elsewhere", "GET /", "pass"),
        new("22, world", [ManyNamespaces], "world", "GET /", "drop"),
        new("23", [Ingress(OwnNamespace with { ToPorts = Http() })], "tie", "PUT /", "pass"),
        new("24", [Ingress(OwnNamespace with { ToPorts = Http(new HttpRule()) })], "tie", "PUT /", "pass, shown"),
        new("25", [StarWars(mode: "required")], "tie", "POST /v1/request-landing", "pass") { Authentication = Good },
        new("26", [StarWars(mode: "required")], "tie", "POST /v1/request-landing", "unauthenticated") { Authentication = Plain },
        new("27", [StarWars(mode: "required")], "tie", "PUT /", "403") { Authentication = Good },
        new("28, plaintext", [StarWars(mode: "required"), Ingress(EmpireOn80)], "tie", "PUT /", "unauthenticated") { Authentication = Plain },
        new("28, authenticated", [StarWars(mode: "required"), Ingress(EmpireOn80)], "tie", "PUT /", "pass") { Authentication = Good },
        new("29, the stronger holds", [StarWars(mode: "required"), Ingress(EmpireOn80 with { Mode = "disabled" })], "tie", "PUT /", "unauthenticated") { Authentication = Plain },
        new("30", [StarWars(), Ingress(new Item { Peers = new EndpointPeers(Imperials), Mode = "required" })], "tie", "GET /", "unauthenticated") { Authentication = Plain },
        new("31, plaintext", [Ingress(new Item { Peers = new EntityPeers("world"), Mode = "required" })], "world", "GET /", "unauthenticated") { Authentication = Plain },
        new("31, always", [Ingress(new Item { Peers = new EntityPeers("world"), Mode = "required" })], "world", "GET /", "unauthenticated") { Authentication = Good },
        new("32", [Ingress(new Item { Peers = new CidrPeers("10.0.0.0/16") })], "tie", "GET /", "drop"),
        new("33, world", [Ingress(new Item { Peers = new CidrPeers("0.0.0.0/0") })], "world", "GET /", "pass"),
        new("33, tie", [Ingress(new Item { Peers = new CidrPeers("0.0.0.0/0") })], "tie", "GET /", "drop"),
        new("34", [RangeWithHole], "10.96.0.1", "GET /", "pass") { Direction = Direction.Egress },
        new("34, in the hole", [RangeWithHole], "10.96.0.2", "GET /", "drop") { Direction = Direction.Egress },
        new("34, beside the hole", [RangeWithHole], "10.1.0.1", "GET /", "pass") { Direction = Direction.Egress },
        new("35", [NoWorld], "world", "GET /", "drop") { Direction = Direction.Egress },
        new("35, within", [NoWorld], "tie", "GET /", "pass") { Direction = Direction.Egress },
        new("40", [Ingress(OwnNamespace with { ToPorts = Http(new HttpRule { Host = "foo.bar.com" }) })], "tie", "GET /", "pass") { Host = "fooxbar.com" },
        new("40, with a port", [Ingress(OwnNamespace with { ToPorts = Http(new HttpRule { Host = "foo.bar.com" }) })], "tie", "GET /", "403") { Host = "foo.bar.com:8080" },
    ];

    public static TheoryData<string> Names => [.. Rows.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Vector(string name)
    {
        var row = Rows.Single(row => row.Name == name);
        var scenario = new Scenario(Cluster, row.Documents);
        var product = new Product(scenario);

        Assert.Empty(product.Misread.SelectMany(document => document.Faults));
        Assert.Equal(row.Expected, Name(new ReferenceEvaluator().Ask(scenario, row.Question), row.Expected));
        Assert.Equal(row.Expected, Name(product.Ask(row.Question), row.Expected));
    }

    private static string Name(Answer answer, string expected) => answer switch
    {
        { Outcome: Outcome.AuthenticationRequired } => "unauthenticated",
        { Passes: false } => "drop",
        { Request: Passage.Refused } => "403",
        { IsGated: true } when expected.EndsWith("shown", StringComparison.Ordinal) => "pass, shown",
        _ => "pass",
    };

    private sealed record Row(string Name, IReadOnlyList<Document> Documents, string Peer, string Request, string Expected)
    {
        public Direction Direction { get; init; } = Direction.Ingress;

        public ushort Port { get; init; } = 80;

        public PeerAuthentication Authentication { get; init; }

        public string Host { get; init; } = "deathstar";

        public Question Question => new(
            Direction, Named("ds"), Named(Peer), TransportProtocol.Tcp, Port, Authentication,
            new Request(Request.Split(' ')[0], Request.Split(' ')[1], Host, []));
    }
}
