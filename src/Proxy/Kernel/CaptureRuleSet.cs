namespace Proxy.Kernel;

/// <summary>One rule; its purpose is its comment in the kernel, by which it is found again.</summary>
internal readonly record struct CaptureRule(string Match, string Target, string Purpose)
{
    public string Text => $"{Match} -m comment --comment \"{Purpose}\" {Target}".Trim();
}

/// <summary>A chain of ours, and the built-in chain that jumps to it (null: another chain of ours does).</summary>
internal sealed record CaptureChain(string Table, string Name, string? Hook, IReadOnlyList<CaptureRule> Rules);

/// <summary>The rules of one address family, as data. Why each is there: its purpose; the order is the property.</summary>
internal sealed class CaptureRuleSet
{
    /// <summary>Everything of ours in a namespace begins with it, and nothing else does.</summary>
    public const string Prefix = "NODE_PROXY_";

    private readonly CaptureOptions options;
    private readonly CaptureFamily family;
    private readonly IReadOnlyList<CaptureBypass> bypasses;
    private readonly FlowRuleSet flows;
    private readonly string isProxy;
    private readonly string isDiverted;
    private readonly string divert;

    public CaptureRuleSet(CaptureOptions options, CaptureFamily family)
    {
        this.options = options;
        this.family = family;
        bypasses = CaptureBypass.Of(options, family);
        flows = new FlowRuleSet(options, family);
        isProxy = $"-m mark --mark 0x{options.ProxyMark:x}/0x{options.Mask:x}";
        isDiverted = $"-m mark --mark 0x{options.DivertMark:x}/0x{options.Mask:x}";
        divert = $"-j MARK --set-xmark 0x{options.DivertMark:x}/0x{options.Mask:x}";
        SecondNet = [FilterInput(), ManglePostrouting()];
        Capture = [.. flows.Chains, MangleDivert(), MangleOwn(), ManglePrerouting(), MangleOutput(), RawPrerouting(), RawOutput()];
    }

    /// <summary>The second net: what leaves or arrives without having been captured is dropped. First in, last out.</summary>
    public IReadOnlyList<CaptureChain> SecondNet { get; }

    /// <summary>Whether a chain of ours belongs to <see cref="SecondNet"/>.</summary>
    public static bool IsSecondNet(string chain) => chain is Prefix + "INPUT" or Prefix + "POSTROUTING" or CaptureSettings.StateChain;

    /// <summary>Question and capture.</summary>
    public IReadOnlyList<CaptureChain> Capture { get; }

    public IEnumerable<CaptureChain> All => SecondNet.Concat(Capture);

    private CaptureChain FilterInput() => new("filter", Prefix + "INPUT", "INPUT",
    [
        new("-i lo -p tcp -m addrtype --dst-type LOCAL", "-j RETURN", "from this pod to itself"),
        .. bypasses.SelectMany(bypass => bypass.Arriving),
        new($"! -i lo -p tcp {isProxy}", "-j RETURN", "answers to the proxy"),
        new($"! -i lo -p tcp {isDiverted}", "-j RETURN", "captured inbound"),
        new("-i lo -p tcp -m socket --transparent", "-j RETURN", "captured outbound"),
        new("-p tcp", "-j DROP", "second net: nothing arrives uncaptured"),
        .. flows.SecondNet("-i lo"),
    ]);

    // Not in filter OUTPUT, which still sees the interface that was chosen before the mark changed the route.
    private CaptureChain ManglePostrouting() => new("mangle", Prefix + "POSTROUTING", "POSTROUTING",
    [
        new("-o lo -p tcp", "-j RETURN", "stays in this pod"),
        new($"-p tcp {isProxy}", "-j RETURN", "sent by the proxy"),
        .. bypasses.SelectMany(bypass => bypass.Leaving),
        new("-p tcp", "-j DROP", "second net: nothing leaves uncaptured"),
        .. flows.SecondNet("-o lo"),
    ]);

    private CaptureChain MangleDivert() => new("mangle", Prefix + "DIVERT", null,
    [
        new("", divert, "to a captured connection"),
        new("", "-j ACCEPT", "of a captured connection"),
    ]);

    // The socket match restores the mark of a full socket only, so that a connection in TIME_WAIT keeps the divert mark.
    private CaptureChain MangleOwn() => new("mangle", Prefix + "OWN", null,
    [
        new("", divert, "if there is no full socket"),
        new("-m socket --restore-skmark", "", "whose socket is it"),
        new(isProxy, "-j ACCEPT", "socket of the proxy"),
        new(isDiverted, "-j ACCEPT", "connection in TIME_WAIT"),
        new("", $"-j MARK --set-xmark 0x0/0x{options.Mask:x}", "socket of the application: older than capture"),
    ]);

    // A SYN never matches by socket: the application's own listener would let it past the proxy.
    private CaptureChain ManglePrerouting() => new("mangle", Prefix + "PREROUTING", "PREROUTING",
    [
        new("-i lo -p tcp -m addrtype --dst-type LOCAL", "-j RETURN", "from this pod to itself"),
        new($"-p tcp {NotSyn} -m socket --transparent", $"-j {Prefix}DIVERT", "packet of a captured connection"),
        .. bypasses.SelectMany(bypass => bypass.Arriving),
        new($"! -i lo -p tcp {NotSyn} -m socket", $"-j {Prefix}OWN", "packet of a connection from here"),
        new("-i lo -p tcp", Redirect(options.OutboundPort), "outbound capture"),
        new("! -i lo -p tcp", Redirect(options.InboundPort), "inbound capture"),
        new("-p tcp", "-j DROP", "end of every path"),
        FlowRuleSet.ToArriving,
    ]);

    private CaptureChain MangleOutput() => new("mangle", Prefix + "OUTPUT", "OUTPUT",
    [
        new($"-p tcp {isProxy}", "-j RETURN", "sent by the proxy"),
        new("-p tcp -m addrtype --dst-type LOCAL", "-j RETURN", "from this pod to itself"),
        .. bypasses.SelectMany(bypass => bypass.Leaving),
        new("-p tcp", divert, "outbound: back in by the loopback"),
        FlowRuleSet.ToLeaving,
    ]);

    private CaptureChain RawPrerouting() => new("raw", Prefix + "PREROUTING", "PREROUTING",
    [
        .. bypasses.Select(bypass => bypass.TrackedArriving),
        new("-p tcp", "-j CT --notrack", "legs share addresses and ports: not tracked"),
        new("-i lo -p tcp", "-j RETURN", "asked about on its way out"),
        new($"-p tcp {Syn} -m set ! --match-set {family.InboundSet} src,dst", Ask, "inbound: ask the proxy"),
    ]);

    private CaptureChain RawOutput() => new("raw", Prefix + "OUTPUT", "OUTPUT",
    [
        .. bypasses.Select(bypass => bypass.TrackedLeaving($"-m mark ! --mark 0x{options.ProxyMark:x}/0x{options.Mask:x}")),
        new("-p tcp", "-j CT --notrack", "legs share addresses and ports: not tracked"),
        new($"-p tcp {isProxy}", "-j RETURN", "sent by the proxy"),
        new("-p tcp -m addrtype --dst-type LOCAL", "-j RETURN", "from this pod to itself"),
        new($"-p tcp {Syn} -m set ! --match-set {family.OutboundSet} dst,dst", Ask, "outbound: ask the proxy"),
    ]);

    internal const string Syn = "-m tcp --tcp-flags FIN,SYN,RST,ACK SYN";
    internal const string NotSyn = "-m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN";

    // No --queue-bypass: with nobody on the queue the packet is dropped.
    private string Ask => $"-j NFQUEUE --queue-num {options.QueueNumber}";

    private string Redirect(ushort port) =>
        $"-j TPROXY --on-port {port} --on-ip {family.Loopback} --tproxy-mark 0x{options.DivertMark:x}/0x{options.Mask:x}";
}
