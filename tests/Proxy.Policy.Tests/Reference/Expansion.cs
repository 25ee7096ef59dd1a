using System.Globalization;

namespace Proxy.Policy.Tests.Reference;

/// <summary>What documents say about one direction of one subject, expanded to statements.</summary>
internal sealed class Expansion(Choice choice, Question question)
{
    private bool IsIngress => question.Direction == Direction.Ingress;

    /// <summary>One section for each rule that selects the subject and says something about the direction.</summary>
    public IEnumerable<Section> SectionsOf(Document document)
    {
        if (document.Spec is { } spec)
            return new NetworkPolicyExpansion(choice, question, document).SectionsOf(spec);

        return document.Rules
            .SelectMany((rule, i) => choice.IsSubject(document, rule.Subject, question.Subject)
                ? SectionsOf(document, rule, $"{document.Name} {document.PathOf(i)}")
                : []);
    }

    private IEnumerable<Section> SectionsOf(Document document, Rule rule, string path)
    {
        var allow = (IsIngress ? rule.Ingress : rule.Egress) ?? [];
        var deny = (IsIngress ? rule.IngressDeny : rule.EgressDeny) ?? [];
        var hasItems = allow.Count + deny.Count > 0;
        // Cilium §2: left out = true when the rule has any item for that direction.
        var isolates = (IsIngress ? rule.IngressDefaultDeny : rule.EgressDefaultDeny) ?? hasItems;
        if (!hasItems && !isolates)
            return [];

        // Design §6: a refused document closes the workloads that it selects in the directions that it governs.
        if (document.IsBroken)
            return [new Section(path, isolates, []) { IsClosed = true }];

        var key = IsIngress ? "ingress" : "egress";
        var allows = allow.SelectMany((item, i) => StatementsOf(document, item, $"{path}.{key}[{i}]", isDeny: false));
        var denies = deny.SelectMany((item, i) => StatementsOf(document, item, $"{path}.{key}Deny[{i}]", isDeny: true));
        return [new Section(path, isolates, [.. isolates ? allows : allows.Select(Open), .. denies])];
    }

    // Cilium §9: HTTP rules of a document that isolates nobody get "allow anything" appended.
    private static Statement Open(Statement statement) =>
        statement with { Http = statement.Http?.Append(new RequestRule(new HttpRule(), false)).ToList() };

    private IEnumerable<Statement> StatementsOf(Document document, Item item, string source, bool isDeny)
    {
        // Contract: what is not supported allows nothing, or denies everything.
        if (item.Peers is UnsupportedPeers)
            return isDeny ? [new Statement(source, true, PeerSet.Unnamed, PortSet.Everything)] : [];

        // Cilium §3: an item with neither L3 nor L4 allows nothing.
        var hasPorts = item.ToPorts is { Count: > 0 } || item.Icmps is { Count: > 0 };
        if (item.Peers is null && !hasPorts)
            return [];

        var peers = item.Peers is null ? PeerSet.Unnamed : PeersOf(document, item.Peers, isDeny);
        // Cilium §3: toPorts absent, L3 given = every port and protocol.
        var whole = new Statement(source, isDeny, peers, PortSet.Everything) { Mode = item.Mode };
        return hasPorts ? [.. IcmpStatements(item, whole), .. PortStatements(document, item, whole)] : [whole];
    }

    private static IEnumerable<Statement> IcmpStatements(Item item, Statement whole) =>
        from field in item.Icmps ?? []
        // Cilium §6: IPv4 is the default family.
        let protocol = field.Family is "IPv6" ? TransportProtocol.IcmpV6 : TransportProtocol.Icmp
        select whole with { Ports = new PortSet(protocol, field.Type, field.Type) };

    private IEnumerable<Statement> PortStatements(Document document, Item item, Statement whole) =>
        from portRule in item.ToPorts ?? []
        from port in portRule.Ports
        from ports in PortSetsOf(port)
        select whole with { Ports = ports, Http = HttpOf(document, portRule) };

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
    private PeerSet PeersOf(Document document, Peers peers, bool isDeny) => peers switch
    {
        EndpointPeers endpoints => new(false, peer => endpoints.Selectors.Any(selector => choice.IsPeer(document, selector, peer))),
        EntityPeers entities => new(entities.Entities.Contains("all"), peer => entities.Entities.Any(entity => Choice.IsEntity(entity, peer))),
        CidrPeers cidrs => new(false, peer => cidrs.Cidrs.Any(cidr => choice.IsInRange(cidr, [], peer))),
        CidrSetPeers set => new(false, peer => set.Entries.Any(entry => choice.IsInEntry(entry, peer) || (isDeny && choice.IsInMissing(entry, peer)))),
        ServicePeers services => new(false, peer => services.Services.Any(service => choice.IsBehind(service, peer))),
        _ => throw new ArgumentOutOfRangeException(nameof(peers)),
    };
}
