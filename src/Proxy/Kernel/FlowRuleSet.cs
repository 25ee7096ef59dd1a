namespace Proxy.Kernel;

/// <summary>
/// The rules for all that is not TCP, of one family, as data. Whatever passes has been asked about (by peer and port,
/// remembered in a set) or is named here, and carries the mark of that: the second net drops what does not.
/// </summary>
internal sealed class FlowRuleSet
{
    private const string Arriving = CaptureRuleSet.Prefix + "FLOWS_IN";
    private const string Leaving = CaptureRuleSet.Prefix + "FLOWS_OUT";
    private const string Replied = "-m conntrack --ctstate ESTABLISHED --ctdir REPLY";
    private const string Begun = "-m conntrack --ctdir ORIGINAL";

    // Group membership, and neighbours and routers (RFC 2710, 3810, 4861): without them there is no IPv6 on the wire.
    private static readonly int[] LinkTypes = [130, 131, 132, 143, 133, 134, 135, 136, 137];

    private readonly CaptureOptions options;
    private readonly CaptureFamily family;
    private readonly IReadOnlyList<Exempt> exempts;
    private readonly string judged;

    public FlowRuleSet(CaptureOptions options, CaptureFamily family)
    {
        this.options = options;
        this.family = family;
        judged = $"0x{options.JudgedMark:x}/0x{options.Mask:x}";
        exempts = [.. ExemptsOf(options, family)];
        Chains = [Pass(), BackIn(), BackOut(), IcmpIn(), IcmpOut(), FlowsIn(), FlowsOut()];
    }

    /// <summary>Reached from mangle PREROUTING and OUTPUT, where connection tracking knows the packet.</summary>
    public IReadOnlyList<CaptureChain> Chains { get; }

    /// <summary>For the end of our chain in mangle PREROUTING.</summary>
    public static CaptureRule ToArriving { get; } = new("! -p tcp", $"-j {Arriving}", "what is not TCP arrives");

    /// <summary>For the end of our chain in mangle OUTPUT.</summary>
    public static CaptureRule ToLeaving { get; } = new("! -p tcp", $"-j {Leaving}", "what is not TCP leaves");

    /// <summary>For the end of our chains in mangle INPUT (-i lo) and POSTROUTING (-o lo).</summary>
    public IEnumerable<CaptureRule> SecondNet(string loopback) =>
    [
        new($"{loopback} ! -p tcp", "-j RETURN", "not TCP: from this pod to itself"),
        new($"! -p tcp -m mark --mark {judged}", "-j RETURN", "not TCP: judged"),
        new("! -p tcp", "-j DROP", "second net: nothing passes unjudged"),
    ];

    private CaptureChain Pass() => Chain("FLOWS_PASS", [new("", $"-j MARK --set-xmark {judged}", "judged")]);

    private CaptureChain FlowsIn() => Chain("FLOWS_IN",
    [
        new("-i lo", "-j RETURN", "from this pod to itself"),
        .. exempts.SelectMany(exempt => exempt.Arriving),
        new($"-p {family.Icmp}", $"-g {CaptureRuleSet.Prefix}FLOWS_ICMP_IN", "ICMP arrives"),
        new(Replied, $"-g {CaptureRuleSet.Prefix}FLOWS_BACK_IN", "answer to what the pod sent"),
        Remembered(family.FlowInSet, "src,dst", "inbound: allowed before"),
        Ask("inbound: ask the proxy"),
    ]);

    private CaptureChain FlowsOut() => Chain("FLOWS_OUT",
    [
        new("-o lo", "-j RETURN", "from this pod to itself"),
        .. exempts.SelectMany(exempt => exempt.Leaving),
        new($"-p {family.Icmp}", $"-g {CaptureRuleSet.Prefix}FLOWS_ICMP_OUT", "ICMP leaves"),
        new(Replied, $"-g {CaptureRuleSet.Prefix}FLOWS_BACK_OUT", "answer of the pod"),
        Remembered(family.FlowOutSet, "dst,dst", "outbound: allowed before"),
        Ask("outbound: ask the proxy"),
    ]);

    // An answer passes for as long as its flow would be allowed to begin.
    private CaptureChain BackIn() => Chain("FLOWS_BACK_IN", [Remembered(family.FlowOutSet, "src,src", "answers: allowed before"), AskBack()]);

    private CaptureChain BackOut() => Chain("FLOWS_BACK_OUT", [Remembered(family.FlowInSet, "dst,src", "answers: allowed before"), AskBack()]);

    // Errors about captured TCP are not related to anything that is tracked; there is a socket that they concern.
    private CaptureChain IcmpIn() => Chain("FLOWS_ICMP_IN",
    [
        .. LinkRules(),
        new("-m conntrack --ctstate RELATED", Passed, "error about an allowed flow"),
        new("-m socket", Passed, "error about a connection from here"),
        Remembered(family.FlowInSet, "src,dst", "inbound ICMP: allowed before"),
        new(Replied, AskBackTarget, "ICMP answer: ask the proxy"),
        Ask("inbound ICMP: ask the proxy"),
    ]);

    private CaptureChain IcmpOut() => Chain("FLOWS_ICMP_OUT",
    [
        .. LinkRules(),
        new("-m conntrack --ctstate RELATED", Passed, "error about an allowed flow"),
        Remembered(family.FlowOutSet, "dst,dst", "outbound ICMP: allowed before"),
        new(Replied, AskBackTarget, "ICMP answer: ask the proxy"),
        Ask("outbound ICMP: ask the proxy"),
    ]);

    private IEnumerable<CaptureRule> LinkRules() => family == CaptureFamily.IPv4
        ? []
        : LinkTypes.Select(type => new CaptureRule($"-p {family.Icmp} -m icmp6 --icmpv6-type {type}", Passed, $"of the link: ICMPv6 type {type}"));

    private static CaptureChain Chain(string name, IReadOnlyList<CaptureRule> rules) => new("mangle", CaptureRuleSet.Prefix + name, null, rules);

    private const string Passed = $"-g {CaptureRuleSet.Prefix}FLOWS_PASS";

    private static CaptureRule Remembered(string set, string sides, string purpose) => new($"-m set --match-set {set} {sides}", Passed, purpose);

    // No --queue-bypass: with nobody on the queue the packet is dropped.
    private CaptureRule Ask(string purpose) => new("", $"-j NFQUEUE --queue-num {options.FlowQueue}", purpose);

    private CaptureRule AskBack() => new("", AskBackTarget, "answers: ask the proxy");

    private string AskBackTarget => $"-j NFQUEUE --queue-num {options.ReplyQueue}";

    private static IEnumerable<Exempt> ExemptsOf(CaptureOptions options, CaptureFamily family)
    {
        if (family.ProbeSource(options) is { } probe)
            yield return new Exempt(true, $"-s {probe}/{family.HostPrefix}", $"-d {probe}/{family.HostPrefix}", "probe of the node");
        foreach (var protocol in (string[])["udp", "sctp"])
        {
            if (options.Exclusions.InboundPorts.Count > 0)
                yield return Exempt.OfPorts(true, protocol, options.Exclusions.InboundPorts);
            if (options.Exclusions.OutboundPorts.Count > 0)
                yield return Exempt.OfPorts(false, protocol, options.Exclusions.OutboundPorts);
        }
        foreach (var range in options.Exclusions.OutboundCidrs.Where(range => range.Network.IsIPv4 == (family == CaptureFamily.IPv4)))
            yield return new Exempt(false, $"-d {range}", $"-s {range}", $"excluded outbound range {range}");
    }

    /// <summary>Flows that are not asked about: their packets forth, and back as connection tracking knows them.</summary>
    private sealed record Exempt(bool IsInbound, string Forth, string Back, string Purpose)
    {
        public IEnumerable<CaptureRule> Arriving => IsInbound ? [Begins] : [Answers];

        public IEnumerable<CaptureRule> Leaving => IsInbound ? [Answers] : [Begins];

        private CaptureRule Begins => new($"{Forth} {Begun}", Passed, $"not TCP: {Purpose}");

        private CaptureRule Answers => new($"{Back} {Replied}", Passed, $"not TCP: {Purpose}, answers");

        public static Exempt OfPorts(bool isInbound, string protocol, IReadOnlyList<Policy.PortRange> ports)
        {
            var list = CaptureBypass.ListOf(ports);
            return new(isInbound, $"-p {protocol} -m multiport --dports {list}", $"-p {protocol} -m multiport --sports {list}",
                $"excluded {protocol} {(isInbound ? "inbound" : "outbound")} ports {list}");
        }
    }
}
