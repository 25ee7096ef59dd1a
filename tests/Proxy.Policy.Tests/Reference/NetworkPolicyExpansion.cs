using System.Globalization;

namespace Proxy.Policy.Tests.Reference;

/// <summary>What a NetworkPolicy says about one direction of one subject.</summary>
internal sealed class NetworkPolicyExpansion(Choice choice, Question question, Document document)
{
    public IEnumerable<Section> SectionsOf(NetworkPolicySpec spec)
    {
        // Kubernetes §2: isolated per direction, as soon as one policy of its namespace with that type selects the pod.
        if (!TypesOf(spec).Contains(question.Direction) || !choice.IsSubject(document, spec.PodSelector, question.Subject))
            return [];

        var items = (question.Direction == Direction.Ingress ? spec.Ingress : spec.Egress) ?? [];
        return [new Section($"{document.Name} spec", true, [.. items.SelectMany(StatementsOf)])];
    }

    // Kubernetes §1: Ingress always; Egress too when there is at least one egress item.
    private static IEnumerable<Direction> TypesOf(NetworkPolicySpec spec) =>
        spec.PolicyTypes ?? (spec.Egress is { Count: > 0 } ? [Direction.Ingress, Direction.Egress] : [Direction.Ingress]);

    private IEnumerable<Statement> StatementsOf(NetworkPolicyItem item, int i)
    {
        var key = question.Direction == Direction.Ingress ? "ingress" : "egress";
        return from peers in PeersOf(item)
               from ports in PortSetsOf(item)
               select new Statement($"{document.Name} spec.{key}[{i}]", false, peers, ports);
    }

    // Kubernetes §1: absent or empty = everybody, outside included.
    private IEnumerable<PeerSet> PeersOf(NetworkPolicyItem item) => item.Peers is { Count: > 0 } peers
        ? peers.Select(peer => new PeerSet(false, workload => choice.IsPeer(document, peer, workload)))
        : [PeerSet.Unnamed];

    // Kubernetes §1: absent or empty = every port.
    private IEnumerable<PortSet> PortSetsOf(NetworkPolicyItem item) =>
        item.Ports is { Count: > 0 } ports ? ports.SelectMany(PortSetsOf) : [PortSet.Everything];

    private IEnumerable<PortSet> PortSetsOf(NetworkPolicyPort port)
    {
        // Kubernetes §1: no protocol = TCP; no port = every port of the protocol.
        var protocol = Enum.Parse<TransportProtocol>(port.Protocol ?? "TCP", ignoreCase: true);
        if (port.Port is null)
            return [new PortSet(protocol, 0, ushort.MaxValue)];

        return int.TryParse(port.Port, CultureInfo.InvariantCulture, out var number)
            ? [new PortSet(protocol, number, port.EndPort ?? number)]
            : Expansion.NamedPorts(question.Server, port.Port, protocol);
    }
}
