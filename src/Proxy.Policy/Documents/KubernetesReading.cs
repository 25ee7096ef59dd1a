using System.Collections.Frozen;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads the spec of a networking.k8s.io/v1 NetworkPolicy.</summary>
internal sealed class KubernetesReading
{
    private const int MaxTypes = 2;
    private static readonly KeySchema Rule = new(["podSelector", "policyTypes", "ingress", "egress"], []) { Meant = new Dictionary<string, string> { ["endpointSelector"] = "podSelector" } };
    private static readonly KeySchema Ingress = new(["from", "ports"], []) { Meant = PeersMean("from") };
    private static readonly KeySchema Egress = new(["to", "ports"], []) { Meant = PeersMean("to") };

    private static readonly FrozenDictionary<string, Direction> Types = new Dictionary<string, Direction>
    {
        ["Ingress"] = Direction.Ingress,
        ["Egress"] = Direction.Egress,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly FaultLog _faults;
    private readonly KubernetesPeerReading _peers;
    private readonly KubernetesPortReading _ports;

    public KubernetesReading(string @namespace, FaultLog faults)
    {
        _faults = faults;
        _peers = new KubernetesPeerReading(@namespace, faults);
        _ports = new KubernetesPortReading(faults);
    }

    private static Dictionary<string, string> PeersMean(string side) => new()
    {
        [$"{side}Endpoints"] = side,
        [$"{side}CIDR"] = side,
        [$"{side}CIDRSet"] = side,
    };

    public PolicySection Read(ManifestNode node, RuleReference reference)
    {
        if (node.AsMapping(_faults) is not { } spec)
            return new PolicySection(_peers.Subject(null), reference, []);

        Rule.Check(spec, _faults);
        PolicyRule[] rules = [.. ReadItems(spec, Direction.Ingress, reference), .. ReadItems(spec, Direction.Egress, reference)];
        var types = ReadTypes(spec);
        return new PolicySection(_peers.Subject(spec.Find("podSelector")), reference, rules)
        {
            GovernsIngress = types.Contains(Direction.Ingress),
            GovernsEgress = types.Contains(Direction.Egress),
        };
    }

    private List<Direction> ReadTypes(ManifestMapping spec)
    {
        var items = spec.Find("policyTypes")?.AsItems(_faults) ?? [];
        if (items.Count == 0)
            return TypesByDefault(spec);

        if (items.Count > MaxTypes)
            _faults.Add(spec["policyTypes"]!, $"more than {MaxTypes} types");

        var types = new List<Direction>();
        foreach (var item in items)
        {
            if (item.TryAsWord(_faults, Types, out var type))
                types.Add(type);
        }

        WarnOfUnused(spec, "ingress", types.Contains(Direction.Ingress), "Ingress");
        WarnOfUnused(spec, "egress", types.Contains(Direction.Egress), "Egress");
        return types;
    }

    private void WarnOfUnused(ManifestMapping spec, string key, bool isType, string type)
    {
        if (!isType && spec[key] is ManifestSequence list)
            _faults.Warn(list, $"policyTypes does not name {type}: these items have no effect", $"add {type} to policyTypes");
    }

    private List<Direction> TypesByDefault(ManifestMapping spec)
    {
        var egress = spec["egress"] as ManifestSequence;
        if (egress is { Items.Count: 0 })
            _faults.Warn(
                egress, "without policyTypes an empty egress isolates nothing on egress, and ingress is isolated instead",
                "write 'policyTypes: [Egress]' to deny egress");
        return egress is { Items.Count: > 0 } ? [Direction.Ingress, Direction.Egress] : [Direction.Ingress];
    }

    private IEnumerable<PolicyRule> ReadItems(ManifestMapping spec, Direction direction, RuleReference reference)
    {
        var key = direction == Direction.Ingress ? "ingress" : "egress";
        var items = spec.Find(key)?.AsItems(_faults) ?? [];
        return items.SelectMany((item, i) => ReadItem(item, direction, reference with { RulePath = $"{reference.RulePath}.{key}[{i}]" }));
    }

    private PolicyRule[] ReadItem(ManifestNode node, Direction direction, RuleReference reference)
    {
        if (node.AsMapping(_faults) is not { } item)
            return [];

        (direction == Direction.Ingress ? Ingress : Egress).Check(item, _faults);
        var ports = ReadPorts(item);
        return [.. ReadPeers(item, direction).Select(peers => new PolicyRule(direction, peers, ports, reference))];
    }

    // Unlike in Cilium's documents, an empty list is everybody here, and every port.
    private IReadOnlyList<PeerMatch> ReadPeers(ManifestMapping item, Direction direction)
    {
        var key = direction == Direction.Ingress ? "from" : "to";
        WarnOfNull(item, key, "everybody, what is outside the cluster included");
        return item.Find(key)?.AsItems(_faults) is { Count: > 0 } peers ? _peers.Read(peers) : [PeerMatch.Any];
    }

    private PortMatch ReadPorts(ManifestMapping item)
    {
        WarnOfNull(item, "ports", "every port");
        return item.Find("ports")?.AsItems(_faults) is { Count: > 0 } ports ? _ports.Read(ports) : PortMatch.Any;
    }

    private void WarnOfNull(ManifestMapping item, string key, string meaning)
    {
        if (item[key] is ManifestScalar { IsNull: true } empty)
            _faults.Warn(empty, $"an empty value means {meaning}", $"remove '{key}' if that is meant");
    }
}
