using System.Globalization;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>Says in words why a rule applies or not.</summary>
internal static class RuleWords
{
    private const int MostListed = 5;

    public static string Of(CompiledRule rule, RuleField? missed, in ConnectionFacts facts) => missed switch
    {
        RuleField.Peer => OfPeer(rule.Peers, facts),
        RuleField.Protocol => $"it names no port of {facts.Protocol.ToString().ToUpperInvariant()}",
        RuleField.Port => $"{(IsIcmp(facts) ? "type" : "port")} {Number(facts.Port)} is none of {List(rule.Rule.Ports.Entries.Select(TextOf))}",
        RuleField.Authentication => rule.Rule.Authentication == AuthenticationMode.TestAlwaysFail
            ? "it has the mode test-always-fail"
            : "it demands that the peer prove its identity, and the peer has not",
        _ => rule.Rule.IsDeny ? "it denies this peer and port" : rule.Http is null ? "it allows this peer and port" : "it allows this peer and port, with HTTP rules",
    };

    public static string OfSubject(LabelSelector selector, Identity subject)
    {
        var unmet = selector.Requirements.Where(requirement => !requirement.IsMetBy(subject.Labels)).Select(requirement => requirement.ToString());
        return $"it does not select the workload: {List(unmet)} is not met";
    }

    public static string OfRequest(RuleField? missed) => missed switch
    {
        RuleField.Method => "the method does not match",
        RuleField.Path => "the path does not match",
        RuleField.Host => "the host does not match",
        RuleField.Header => "a header is missing or does not match",
        _ => "it matches the request",
    };

    public static string OfVerdict(Verdict verdict, in ConnectionFacts facts) => verdict.Reason switch
    {
        VerdictReason.Allowed when verdict.Rules.Count == 0 => "allowed: it comes from the workload's own node",
        VerdictReason.Allowed => $"allowed by {List(verdict.Rules.Select(rule => rule.ToString()))}",
        VerdictReason.NotIsolated => $"allowed: nothing isolates the workload in {facts.Direction.ToString().ToLowerInvariant()}",
        VerdictReason.DefaultDeny when verdict.Nearest is { } nearest =>
            $"refused: no rule allows it; {nearest.Rule} came closest, and its {nearest.Field.ToString().ToLowerInvariant()} does not fit",
        VerdictReason.DefaultDeny => "refused: no rule allows anything",
        VerdictReason.Denied => $"refused by {List(verdict.Rules.Select(rule => rule.ToString()))}",
        VerdictReason.AuthenticationRequired => $"refused: {List(verdict.Rules.Select(rule => rule.ToString()))} demands authentication",
        VerdictReason.AlwaysFails => $"refused: {List(verdict.Rules.Select(rule => rule.ToString()))} always fails",
        _ => $"refused: {List(verdict.Rules.Select(rule => rule.ToString()))} could not be understood",
    };

    public static string TextOf(PortEntry entry)
    {
        var protocol = entry.Protocol.ToString().ToUpperInvariant();
        if (entry.Name is not null)
            return $"{entry.Name}/{protocol}";
        if (entry.IsWhole)
            return $"0/{protocol}";
        return entry.First == entry.Last ? $"{Number(entry.First)}/{protocol}" : $"{Number(entry.First)}-{Number(entry.Last)}/{protocol}";
    }

    public static string List(IEnumerable<string> items)
    {
        string[] all = [.. items];
        var rest = all.Length - MostListed;
        return rest <= 0 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(MostListed))} and {Number(rest)} more";
    }

    private static string OfPeer(ResolvedPeers peers, in ConnectionFacts facts)
    {
        if (facts.Peer.Number == Identity.Unknown.Number)
            return "who the peer is is not known";
        if (peers.Selectors.Count > 0)
            return $"the peer does not match {List(peers.Selectors.Select(selector => selector.ToString()))}";
        if (peers.Addresses.IsEmpty)
            return "it names nobody";
        return facts.Peer.IsWorld
            ? facts.PeerAddress == default ? "which ranges the peer lies in is not known without its address" : $"{facts.PeerAddress} lies in none of its ranges"
            : "ranges of addresses choose only peers outside the cluster";
    }

    private static bool IsIcmp(in ConnectionFacts facts) => facts.Protocol is TransportProtocol.Icmp or TransportProtocol.IcmpV6;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
