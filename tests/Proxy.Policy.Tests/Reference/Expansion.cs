using System.Globalization;

namespace Proxy.Policy.Tests.Reference;

/// <summary>What documents say about one direction of one subject, expanded to statements.</summary>
internal sealed class Expansion(Choice choice, Question question)
{
    private bool IsIngress => question.Direction == Direction.Ingress;

    /// <summary>One section for each rule that selects the subject and says something about the direction.</summary>
    public IEnumerable<Section> SectionsOf(Document document) => document.Spec is { } spec
        ? new NetworkPolicyExpansion(choice, question, document).SectionsOf(spec)
        : document.Rules.Where(rule => choice.IsSubject(document, rule.Subject, question.Subject)).SelectMany(rule => SectionsOf(document, rule));

    private IEnumerable<Section> SectionsOf(Document document, Rule rule)
    {
        var allow = (IsIngress ? rule.Ingress : rule.Egress) ?? [];
        var deny = (IsIngress ? rule.IngressDeny : rule.EgressDeny) ?? [];
        var hasItems = allow.Count + deny.Count > 0;
        // Cilium §2: left out = true when the rule has any item for that direction.
        var isolates = (IsIngress ? rule.IngressDefaultDeny : rule.EgressDefaultDeny) ?? hasItems;
        if (!hasItems && !isolates)
            return [];

        var allows = allow.SelectMany(item => StatementsOf(document, item, isDeny: false));
        // Cilium §9: HTTP rules of a document that isolates nobody get "allow anything" appended.
        if (!isolates)
            allows = allows.Select(statement => statement with { Http = statement.Http?.Append(new RequestRule(new HttpRule(), false)).ToList() });
        return [new Section(isolates, [.. allows, .. deny.SelectMany(item => StatementsOf(document, item, isDeny: true))])];
    }

    private IEnumerable<Statement> StatementsOf(Document document, Item item, bool isDeny)
    {
        // Contract: what is not supported allows nothing, or denies everything.
        if (item.Peers is UnsupportedPeers)
            return isDeny ? [new Statement(true, PeerSet.Unnamed, PortSet.Everything)] : [];

        // Cilium §3: an item with neither L3 nor L4 allows nothing.
        var hasPorts = item.ToPorts is { Count: > 0 } || item.Icmps is { Count: > 0 };
        if (item.Peers is null && !hasPorts)
            return [];

        var peers = item.Peers is null ? PeerSet.Unnamed : PeersOf(document, item.Peers);
        // Cilium §3: toPorts absent, L3 given = every port and protocol.
        if (!hasPorts)
            return [new Statement(isDeny, peers, PortSet.Everything) { Mode = item.Mode }];

        return [.. IcmpStatements(item, peers, isDeny), .. PortStatements(document, item, peers, isDeny)];
    }

    private static IEnumerable<Statement> IcmpStatements(Item item, PeerSet peers, bool isDeny) =>
        from field in item.Icmps ?? []
        // Cilium §6: IPv4 is the default family.
        let protocol = field.Family is "IPv6" ? TransportProtocol.IcmpV6 : TransportProtocol.Icmp
        select new Statement(isDeny, peers, new PortSet(protocol, field.Type, field.Type)) { Mode = item.Mode };

    private IEnumerable<Statement> PortStatements(Document document, Item item, PeerSet peers, bool isDeny) =>
        from portRule in item.ToPorts ?? []
        from port in portRule.Ports
        from ports in PortSetsOf(port)
        select new Statement(isDeny, peers, ports) { Mode = item.Mode, Http = HttpOf(document, portRule) };

    // Cilium §3: http [] = no L7 rules: plain L4 allow.
    private static List<RequestRule>? HttpOf(Document document, PortRule rule) =>
        rule.Http is { Count: > 0 } http ? [.. http.Select(one => new RequestRule(one, document.IgnoresQuery))] : null;

    private IEnumerable<PortSet> PortSetsOf(Port port) => ProtocolsOf(port.Protocol).SelectMany(protocol => PortSetsOf(port, protocol));

    // Cilium §6: ANY and empty are three entries; names of protocols have no case.
    private static TransportProtocol[] ProtocolsOf(string? written) => written?.ToUpperInvariant() switch
    {
        "TCP" => [TransportProtocol.Tcp],
        "UDP" => [TransportProtocol.Udp],
        "SCTP" => [TransportProtocol.Sctp],
        _ => [TransportProtocol.Tcp, TransportProtocol.Udp, TransportProtocol.Sctp],
    };

    private PortSet[] PortSetsOf(Port port, TransportProtocol protocol)
    {
        if (!int.TryParse(port.Text, CultureInfo.InvariantCulture, out var number))
            return [.. NamedPorts(question.Server, port.Text, protocol)];

        // Cilium §6: 0 = every port of the protocol; endPort is ignored unless larger.
        return number == 0
            ? [new PortSet(protocol, 0, ushort.MaxValue)]
            : [new PortSet(protocol, number, Math.Max(number, port.EndPort ?? 0))];
    }

    /// <summary>Cilium §6: ingress: resolved on the subject; egress: on each destination pod. Compared in lower case.</summary>
    public static IEnumerable<PortSet> NamedPorts(Workload server, string name, TransportProtocol protocol) =>
        from port in server.Ports
        where port.Protocol == protocol && port.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
        select new PortSet(protocol, port.Number, port.Number);

    // Cilium §3: an empty list chooses nobody.
    private PeerSet PeersOf(Document document, Peers peers) => peers switch
    {
        EndpointPeers endpoints => new(false, peer => endpoints.Selectors.Any(selector => choice.IsPeer(document, selector, peer))),
        EntityPeers entities => new(entities.Entities.Contains("all"), peer => entities.Entities.Any(entity => Choice.IsEntity(entity, peer))),
        CidrPeers cidrs => new(false, peer => cidrs.Cidrs.Any(cidr => choice.IsInRange(cidr, [], peer))),
        CidrSetPeers set => new(false, peer => set.Entries.Any(entry => choice.IsInEntry(entry, peer))),
        ServicePeers services => new(false, peer => services.Services.Any(service => choice.IsBehind(service, peer))),
        _ => throw new ArgumentOutOfRangeException(nameof(peers)),
    };
}
