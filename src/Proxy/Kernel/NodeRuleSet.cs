namespace Proxy.Kernel;

/// <summary>The rules of the node's own namespace, of one family, as data.</summary>
internal static class NodeRuleSet
{
    /// <summary>
    /// Inside a pod the node's own connections and those that it masquerades carry the same address. So the node's own
    /// get a source that nobody else can have: what arrives with it is dropped, and so is a pod's answer to somebody
    /// who claimed it on a wire that this node does not see. Empty: there is no probe source in this family.
    /// </summary>
    public static IReadOnlyList<CaptureChain> Of(CaptureOptions options, CaptureFamily family)
    {
        if (family.ProbeSource(options) is not { } probe)
            return [];
        var address = $"{probe}/{family.HostPrefix}";
        // A packet that is forwarded has no socket here; one of another transparent proxy has a source that is not the node's.
        var isOfTheNode = $"-m set --match-set {family.PodSet} dst -m addrtype --src-type LOCAL -m owner --socket-exists";
        return
        [
            new CaptureChain("raw", CaptureRuleSet.Prefix + "PREROUTING", "PREROUTING",
                [new($"! -i lo -s {address}", "-j DROP", "only this node may have the probe source")]).For($"-s {address}"),
            new CaptureChain("mangle", CaptureRuleSet.Prefix + "FORWARD", "FORWARD",
            [
                new($"-s {address}", "-j DROP", "nobody sends through this node as the probe source"),
                new($"-d {address}", "-j DROP", "answer to a probe that this node did not send"),
            ]).For($"-s {address}", $"-d {address}"),
            new("nat", CaptureRuleSet.Prefix + "PROBES", "POSTROUTING", [new(isOfTheNode, $"-j SNAT --to-source {probe}", "connection of the node itself to an enrolled pod")]),
        ];
    }
}
