namespace Proxy.Policy.Tests.Reference;

/// <summary>Draws policy documents for a cluster.</summary>
internal sealed class PolicyDraw(Random random, ClusterModel cluster)
{
    private readonly SelectorDraw _selectors = new(random);
    private readonly PortDraw _ports = new(random);
    private readonly List<Item> _allows = [];

    public List<Document> Documents()
    {
        var most = random.From(1, 3, 5, 8);
        return [.. Enumerable.Range(0, random.Next(1, most + 1)).Select(Document)];
    }

    private Document Document(int i)
    {
        var kind = random.From(
            DocumentKind.Namespaced, DocumentKind.Namespaced, DocumentKind.Namespaced, DocumentKind.Clusterwide, DocumentKind.Kubernetes);
        var document = new Document(kind, ClusterDraw.Namespace(random), $"p{i}") { IsAudit = random.OneIn(10) };
        return kind == DocumentKind.Kubernetes
            ? document with { Spec = new NetworkPolicyDraw(random, _selectors).Spec() }
            : document with { IgnoresQuery = random.OneIn(8), Rules = random.List(1, random.From(1, 1, 3), () => Rule(kind)), HasBoth = random.OneIn(3), IsBroken = random.OneIn(30) };
    }

    private Rule Rule(DocumentKind kind)
    {
        var hasIngress = random.Next(4) > 0;
        var denies = random.OneIn(4);
        var rule = new Rule(_selectors.Subject(kind))
        {
            Ingress = hasIngress && (!denies || random.OneIn(2)) ? Items(Direction.Ingress, isDeny: false) : null,
            IngressDeny = hasIngress && denies ? Items(Direction.Ingress, isDeny: true) : null,
            Egress = !hasIngress || random.OneIn(4) ? Items(Direction.Egress, isDeny: false) : null,
            EgressDeny = random.OneIn(8) ? Items(Direction.Egress, isDeny: true) : null,
            IngressDefaultDeny = DefaultDeny(),
            EgressDefaultDeny = DefaultDeny(),
        };
        return rule;
    }

    private bool? DefaultDeny() => random.Next(12) switch
    {
        0 => true,
        1 or 2 => false,
        _ => null,
    };

    private List<Item> Items(Direction direction, bool isDeny) => random.List(1, isDeny ? 1 : 3, () => Item(direction, isDeny));

    // Much of the language is about two rules that meet, so that many items are variations of an earlier one.
    private Item Item(Direction direction, bool isDeny)
    {
        var item = !isDeny && _allows.Count > 0 && random.OneIn(2) ? Variation(random.From(_allows)) : NewItem(direction, isDeny);
        if (!isDeny && item.Peers is not ServicePeers)
            _allows.Add(item);
        return item;
    }

    private Item Variation(Item item)
    {
        var other = random.Next(5) switch
        {
            0 => item with { Peers = item.ToPorts is null && item.Icmps is null ? item.Peers : null },
            1 => item with { ToPorts = item.Peers is null ? item.ToPorts : null, Icmps = item.Peers is null ? item.Icmps : null },
            2 => item with { ToPorts = [_ports.PortRule(isDeny: false)], Icmps = null },
            3 => item with { Peers = new EndpointPeers(Selector.Of()) },
            _ => item,
        };
        return other with { Mode = random.From(item.Mode, null, "required", "disabled", null) };
    }

    private Item NewItem(Direction direction, bool isDeny)
    {
        var item = new Item { Peers = random.OneIn(4) ? null : Peers(direction, isDeny) };
        item = random.Next(isDeny ? 5 : 8) switch
        {
            0 => item,
            1 => item with { Icmps = random.List(1, 2, _ports.Icmp) },
            _ => item with { ToPorts = random.List(1, 2, () => _ports.PortRule(isDeny)) },
        };
        return isDeny ? item : item with { Mode = Mode(item) };
    }

    private string? Mode(Item item) => random.Next(item.Peers is EntityPeers or CidrPeers or CidrSetPeers ? 24 : 12) switch
    {
        0 or 1 or 2 => "required",
        3 => "disabled",
        4 => random.OneIn(2) ? "test-always-fail" : null,
        _ => null,
    };

    private Peers Peers(Direction direction, bool isDeny) => random.Next(20) switch
    {
        < 10 => new EndpointPeers(random.List(random.OneIn(10) ? 0 : 1, 2, () => _selectors.Peer())),
        < 13 => new EntityPeers(random.List(random.OneIn(10) ? 0 : 1, 2, Entity)),
        < 15 => new CidrPeers(random.List(random.OneIn(10) ? 0 : 1, 2, Cidr)),
        < 18 => new CidrSetPeers(random.List(random.OneIn(10) ? 0 : 1, 2, () => CidrEntry(isDeny))),
        < 19 => new UnsupportedPeers(random.From("Groups", "Nodes")),
        _ => direction == Direction.Egress && true
            ? new ServicePeers(random.List(1, 2, () => Service(isDeny)))
            : new EndpointPeers(Selector.Of()),
    };

    private string Entity() =>
        random.From("all", "world", "world", "cluster", "host", "remote-node", "kube-apiserver", "unmanaged", "ingress", "init", "health", "none");

    private string Cidr() =>
        random.From("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "192.0.2.1/32", "198.51.100.9/24", "::/0", "2001:db8::/32", "2001:db8:1::/48");

    // Groups that are not there are drawn for allows only: what a deny of nothing known denies is not said.
    private CidrEntry CidrEntry(bool isDeny) => random.Next(6) switch
    {
        0 when cluster.Groups.Count > 0 => new(null, random.From(cluster.Groups).Name),
        1 when cluster.Groups.Count > 0 => new(null, null, Selector.Of(("zone", random.From("a", "b")))),
        2 => new(null, "nowhere"),
        3 when cluster.Groups.Count > 0 && random.OneIn(2) => new(null, random.From(cluster.Groups).Name) { Except = ["10.96.0.0/12"] },
        3 => new("10.0.0.0/8") { Except = random.List(1, 2, () => random.From("10.96.0.0/12", "10.1.0.0/16", "10.200.7.7/32")) },
        4 => new("2001:db8::/32") { Except = ["2001:db8:1::/48"] },
        _ => new(Cidr()),
    };

    private ServiceReference Service(bool isDeny)
    {
        if (cluster.Services.Count == 0 || random.OneIn(6))
            return new ServiceReference("ops", "nowhere", null);

        var service = random.From(cluster.Services);
        return random.OneIn(2)
            ? new ServiceReference(service.Namespace, service.Name, null)
            : new ServiceReference(random.OneIn(2) ? service.Namespace : null, null, Selector.Of(("kind", random.From("public", "private"))));
    }
}
