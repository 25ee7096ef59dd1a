using System.Collections.Frozen;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads the items of the four lists of a rule.</summary>
internal sealed class RuleReading(SelectorReading selectors, bool ignoresQuery, FaultLog faults)
{
    private static readonly FrozenDictionary<string, AuthenticationMode> Modes = new Dictionary<string, AuthenticationMode>
    {
        ["required"] = AuthenticationMode.Required,
        ["disabled"] = AuthenticationMode.Disabled,
        ["test-always-fail"] = AuthenticationMode.TestAlwaysFail,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly PeerReading _peers = new(selectors, faults);
    private readonly PortReading _ports = new(faults);
    private readonly IcmpReading _icmp = new(faults);
    private readonly LayerReading _layers = new(selectors.IsOfCluster, faults);
    private readonly HttpReading _http = new(faults, ignoresQuery);
    private readonly HttpTraps _httpTraps = new(ignoresQuery, faults);
    private readonly ExpressionBudget _expressions = new(faults);

    /// <summary>The rules of one item; none when it names neither peers nor ports: such an item says nothing of anybody.</summary>
    public IReadOnlyList<PolicyRule> Read(ManifestNode node, ItemList list, RuleReference reference, bool hasInitSubject)
    {
        if (node.AsMapping(faults) is not { } item)
            return [];

        list.Items.Check(item, faults);
        var peers = _peers.Read(item, list, hasInitSubject);
        var isSupported = peers.IsSupported;
        var whole = new PolicyRule(list.Direction, peers.Match, PortMatch.Any, reference)
        {
            IsDeny = list.IsDeny,
            Authentication = list.IsDeny ? AuthenticationMode.None : ReadAuthentication(item, list),
        };
        PolicyRule[] rules = [.. ReadPorts(item, whole, list, ref isSupported).Where(SaysAnything)];
        WarnOfNothing(item, list, peers);
        WarnOfDatagrams(item, whole, rules);
        return list.IsDeny && !isSupported ? [whole with { Peers = PeerMatch.Any }] : rules;
    }

    private static bool SaysAnything(PolicyRule rule) =>
        !rule.Peers.IsNobody && (rule.Ports.IsAny ? !rule.Peers.IsAny : rule.Ports.Entries.Count > 0);

    private void WarnOfNothing(ManifestMapping item, ItemList list, ItemPeers peers)
    {
        // What stands under a key that is refused was meant to say something.
        if (!list.IsDeny || item.Entries.Any(entry => !list.Items.Knows(entry.Key.Value)))
            return;

        if (peers.Match.IsAny && !HasItems(item, "toPorts") && !HasItems(item, "icmps"))
            faults.Warn(item, "an item without peers and ports denies nothing", $"write '{list.PeerKey("Entities")}: [all]' to deny everything");
        else if (peers is { IsSupported: true, Match.IsNobody: true })
            faults.Warn(item, "the item names nobody: it denies nothing", $"remove the empty list of peers to deny everybody its ports, or write '{list.PeerKey("Entities")}: [all]'");
    }

    private static bool HasItems(ManifestMapping item, string key) => item[key] is ManifestSequence { Items.Count: > 0 };

    private void WarnOfDatagrams(ManifestMapping item, PolicyRule whole, PolicyRule[] rules)
    {
        var isNeverMet = rules.Length > 0 && rules.All(rule => !rule.Ports.IsAny && rule.Ports.Entries.All(entry => entry.Protocol != TransportProtocol.Tcp));
        if (whole.Authentication == AuthenticationMode.Required && isNeverMet)
            faults.Warn(item["authentication"]!, "nobody can authenticate but over TCP: what the item allows is refused", "leave the authentication out");
    }

    private AuthenticationMode ReadAuthentication(ManifestMapping item, ItemList list)
    {
        if (item.FindGiven("authentication", faults)?.AsMapping(faults) is not { } authentication)
            return AuthenticationMode.None;

        KeySchema.Authentication.Check(authentication, faults);
        if (authentication.Find("mode") is not { } mode)
            faults.Add(authentication, "the mode is missing", "write 'mode: required'");
        else if (mode.TryAsWord(faults, Modes, out var value))
            return Checked(value, item, list);
        return AuthenticationMode.None;
    }

    private AuthenticationMode Checked(AuthenticationMode mode, ManifestMapping item, ItemList list)
    {
        string[] kinds = ["Entities", "CIDR", "CIDRSet"];
        if (mode == AuthenticationMode.Required && kinds.Select(list.PeerKey).FirstOrDefault(key => item.Find(key) is not null) is { } given)
            faults.Warn(item[given]!, $"authentication is required of {given}: only pods can authenticate, everyone else is refused");
        return mode;
    }

    // An empty list of entries is as absent: the peers on every port.
    private IEnumerable<PolicyRule> ReadPorts(ManifestMapping item, PolicyRule whole, ItemList list, ref bool isSupported)
    {
        var entries = item.FindGiven("toPorts", faults)?.AsItems(faults) ?? [];
        var icmps = item.FindGiven("icmps", faults);
        if (icmps is ManifestSequence { Items.Count: > 0 } && entries.Count > 0)
            faults.Add(icmps, "icmps and toPorts cannot stand in one item", "write an item for each");

        if (icmps is not null && _icmp.Read(icmps) is { Count: > 0 } types)
            return types.Select(ports => whole with { Ports = ports });

        if (entries.Count == 0)
            return [whole];

        var rules = new List<PolicyRule>();
        for (var i = 0; i < entries.Count; i++)
            isSupported &= TryReadEntry(entries[i], i, whole, list, rules);
        return rules;
    }

    private bool TryReadEntry(ManifestNode node, int index, PolicyRule whole, ItemList list, List<PolicyRule> rules)
    {
        if (node.AsMapping(faults) is not { } entry)
            return true;

        list.PortRules.Check(entry, faults);
        var ports = _ports.Read(entry, list, out var arePortsSupported);
        if (list.IsDeny)
        {
            rules.Add(whole with { Ports = ports });
            return arePortsSupported;
        }

        var isSupported = _layers.Check(entry, ports, list);
        if (!_expressions.TryCount(entry))
            return true;

        var http = _http.Read(entry, ports, step => Below(whole.Reference, index, step));
        _httpTraps.Look(entry, ports);
        if (isSupported)
            rules.Add(whole with { Ports = ports, Http = http });
        return isSupported && arePortsSupported;
    }

    private static RuleReference Below(RuleReference item, int index, string step) =>
        item with { RulePath = $"{item.RulePath}.toPorts[{index}].{step}" };
}
