using System.Collections.Frozen;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads the allow items of one direction.</summary>
internal sealed class RuleReading(SelectorReading selectors, FaultLog faults)
{
    private static readonly FrozenDictionary<string, AuthenticationMode> Modes = new Dictionary<string, AuthenticationMode>
    {
        ["required"] = AuthenticationMode.Required,
        ["disabled"] = AuthenticationMode.Disabled,
        ["test-always-fail"] = AuthenticationMode.TestAlwaysFail,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly PortReading _ports = new(faults);
    private readonly HttpReading _http = new(faults);

    /// <summary>The rules of one item of ingress; none when it names neither peers nor ports: such an item allows nothing.</summary>
    public IEnumerable<PolicyRule> Read(ManifestNode node, RuleReference reference)
    {
        if (node.AsMapping(faults) is not { } item)
            return [];

        KeySchema.Ingress.Check(item, faults);
        var peers = ReadPeers(item);
        var mode = ReadAuthentication(item);
        var rules = ReadPorts(item, new PolicyRule(Direction.Ingress, peers, PortMatch.Any, reference) { Authentication = mode });
        return rules.Where(rule => !rule.Peers.IsNobody && !(rule.Peers.IsAny && rule.Ports.IsAny)).ToArray();
    }

    private PeerMatch ReadPeers(ManifestMapping item) =>
        item.Find("fromEndpoints") is { } endpoints
            ? PeerMatch.OneOf(endpoints.AsItems(faults).Select(selectors.ReadPeer).ToArray())
            : PeerMatch.Any;

    private AuthenticationMode ReadAuthentication(ManifestMapping item)
    {
        if (item.FindGiven("authentication", faults)?.AsMapping(faults) is not { } authentication)
            return AuthenticationMode.None;

        KeySchema.Authentication.Check(authentication, faults);
        if (authentication.Find("mode") is not { } mode)
            faults.Add(authentication, "the mode is missing", "write 'mode: required'");
        else if (mode.TryAsWord(faults, Modes, out var value))
            return value;
        return AuthenticationMode.None;
    }

    // An empty list of entries is as absent: the peers on every port.
    private PolicyRule[] ReadPorts(ManifestMapping item, PolicyRule everyPort)
    {
        var entries = item.FindGiven("toPorts", faults)?.AsItems(faults) ?? [];
        return entries.Count == 0 ? [everyPort] : [.. entries.Select((entry, i) => ReadEntry(entry, i, everyPort))];
    }

    private PolicyRule ReadEntry(ManifestNode node, int index, PolicyRule item)
    {
        if (node.AsMapping(faults) is not { } entry)
            return item;

        KeySchema.PortRule.Check(entry, faults);
        var ports = _ports.Read(entry);
        var http = _http.Read(entry, ports, step => Below(item.Reference, index, step));
        return item with { Ports = ports, Http = http };
    }

    private static RuleReference Below(RuleReference item, int index, string step) =>
        item with { RulePath = $"{item.RulePath}.toPorts[{index}].{step}" };
}
