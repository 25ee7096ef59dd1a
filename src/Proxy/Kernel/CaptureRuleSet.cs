namespace Proxy.Kernel;

/// <summary>
/// One rule; its purpose is its comment in the kernel, by which it is found again. Empty: found by its text. A comment
/// costs each packet that meets the rule as much as the rule itself, so those of an established connection meet none.
/// </summary>
internal readonly record struct CaptureRule(string Match, string Target, string Purpose = "")
{
    public string Text => Purpose.Length > 0 ? $"{Match} -m comment --comment \"{Purpose}\" {Target}".Trim() : $"{Match} {Target}".Trim();

    /// <summary>What a <see cref="SavedRule"/> of it is named.</summary>
    public string Name => Purpose.Length > 0 ? Purpose : Text;
}

/// <summary>A chain of ours, and the built-in chain that leads to it (null: another chain of ours does).</summary>
internal sealed record CaptureChain(string Table, string Name, string? Hook, IReadOnlyList<CaptureRule> Rules)
{
    /// <summary>
    /// The first rules of <see cref="Hook"/>. They choose who goes the way through our chain: a jump costs a packet more
    /// than to be passed over. One that does not jump begins its purpose with the chain's name.
    /// </summary>
    public IReadOnlyList<CaptureRule> Entries { get; init; } = [new("", $"-j {Name}")];

    /// <summary>For those to whom one of these matches applies, and nobody else.</summary>
    public CaptureChain For(params ReadOnlySpan<string> matches)
    {
        List<CaptureRule> entries = [];
        foreach (var match in matches)
            entries.Add(new(match, $"-j {Name}"));
        return this with { Entries = entries };
    }

    /// <summary>The lines that iptables-save prints of <see cref="Entries"/>.</summary>
    public IEnumerable<string> EntryLines => Entries.Select(entry => $"-A {Hook} {entry.Text}");
}

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
    private readonly string isNotProxy;
    private readonly string isDiverted;
    private readonly string isNotDiverted;
    private readonly string divert;

    public CaptureRuleSet(CaptureOptions options, CaptureFamily family)
    {
        this.options = options;
        this.family = family;
        bypasses = CaptureBypass.Of(options, family);
        flows = new FlowRuleSet(options, family);
        isProxy = $"-m mark --mark 0x{options.ProxyMark:x}/0x{options.Mask:x}";
        isNotProxy = $"-m mark ! --mark 0x{options.ProxyMark:x}/0x{options.Mask:x}";
        isDiverted = $"-m mark --mark 0x{options.DivertMark:x}/0x{options.Mask:x}";
        isNotDiverted = $"-m mark ! --mark 0x{options.DivertMark:x}/0x{options.Mask:x}";
        divert = $"-j MARK --set-xmark 0x{options.DivertMark:x}/0x{options.Mask:x}";
        SecondNet = [MangleInput(), ManglePostrouting()];
        Capture = [.. flows.Chains, MangleDivert(), MangleOwn(), ManglePrerouting(), MangleOutput(), RawPrerouting(), RawOutput()];
    }

    /// <summary>The second net: what leaves or arrives without having been captured is dropped. First in, last out.</summary>
    public IReadOnlyList<CaptureChain> SecondNet { get; }

    /// <summary>Whether a chain of ours belongs to <see cref="SecondNet"/>.</summary>
    public static bool IsSecondNet(string chain) => chain is Prefix + "INPUT" or Prefix + "POSTROUTING" or CaptureSettings.StateChain;

    /// <summary>Question and capture.</summary>
    public IReadOnlyList<CaptureChain> Capture { get; }

    public IEnumerable<CaptureChain> All => SecondNet.Concat(Capture);

    // What is diverted was captured inbound, or is an answer to the proxy. On the loopback what was captured is marked, and
    // what is not was routed here since it is for this pod. Nothing is looked up for the packets of an established
    // connection: its socket has been found before. Not in filter: a further table costs every packet further hooks.
    private CaptureChain MangleInput() => new CaptureChain("mangle", Prefix + "INPUT", "INPUT",
    [
        new($"-i lo -p tcp {isNotDiverted}", "-j RETURN", "not captured on its way out: to this pod"),
        new("-i lo -p tcp -m socket --transparent", "-j RETURN", "captured outbound"),
        .. bypasses.SelectMany(bypass => bypass.Arriving),
        new("-i lo -p tcp -m addrtype --dst-type LOCAL", "-j RETURN", "from this pod to itself"),
        new("-p tcp", "-j DROP", "second net: nothing arrives uncaptured"),
        .. flows.SecondNet("-i lo"),
    ]).For($"-i lo -p tcp {isNotProxy}", $"! -i lo -p tcp {isNotDiverted}", "! -p tcp");

    // Not in filter OUTPUT, which still sees the interface that was chosen before the mark changed the route.
    private CaptureChain ManglePostrouting() => new CaptureChain("mangle", Prefix + "POSTROUTING", "POSTROUTING",
    [
        new("-o lo -p tcp", "-j RETURN", "stays in this pod"),
        .. bypasses.SelectMany(bypass => bypass.Leaving),
        new("-p tcp", "-j DROP", "second net: nothing leaves uncaptured"),
        .. flows.SecondNet("-o lo"),
    ]).For($"-p tcp {isNotProxy}", "! -p tcp");

    private CaptureChain MangleDivert() => new("mangle", Prefix + "DIVERT", null,
    [
        new("", divert),
        new("", "-j ACCEPT"),
    ]);

    // Whose socket it is says the mark that the socket match restored: of a full socket only, so that a connection in
    // TIME_WAIT, and one whose handshake is under way, keep the divert mark. Listeners hand the proxy's mark on.
    private CaptureChain MangleOwn() => new("mangle", Prefix + "OWN", null,
    [
        new(isProxy, $"-j {Prefix}DIVERT", "socket of the proxy"),
        new(isDiverted, "-j ACCEPT", "no full socket: TIME_WAIT or handshake"),
        new("", $"-j MARK --set-xmark 0x0/0x{options.Mask:x}", "socket of the application: older than capture"),
    ]);

    // A SYN never matches by socket: the application's own listener would let it past the proxy. On the loopback marks
    // last, so that only what mangle OUTPUT diverted needs a lookup. The packets that arrive for the proxy's own connections
    // meet their rule at once, and pay for one lookup; only what is not the proxy's is asked whose it is a second time.
    private CaptureChain ManglePrerouting() => new CaptureChain("mangle", Prefix + "PREROUTING", "PREROUTING",
    [
        new($"! -i lo -p tcp {NotSyn} -m socket --restore-skmark {isProxy}", $"-j {Prefix}DIVERT"),
        new($"-i lo -p tcp {isNotDiverted} {NotSyn}", "-j RETURN", "not captured on its way out: to this pod"),
        new($"-i lo -p tcp {NotSyn} -m socket --transparent", "-j ACCEPT", "packet of a connection captured outbound"),
        new("-i lo -p tcp -m addrtype --dst-type LOCAL", "-j RETURN", "from this pod to itself"),
        .. bypasses.SelectMany(bypass => bypass.Arriving),
        new($"! -i lo -p tcp {NotSyn}", divert, "if there is no full socket"),
        new($"! -i lo -p tcp {NotSyn} -m socket --restore-skmark", $"-j {Prefix}OWN", "packet of a connection from here: whose"),
        new("-i lo -p tcp", Redirect(options.OutboundPort), "outbound capture"),
        new("! -i lo -p tcp", Redirect(options.InboundPort), "inbound capture"),
        new("-p tcp", "-j DROP", "end of every path"),
        FlowRuleSet.ToArriving,
    ]).For("! -i lo -p tcp", $"-i lo -p tcp {isNotProxy}", "! -p tcp");

    // By the interface and without a lookup: what is for this pod is always routed to the loopback. What is routed there
    // and is for another is met in PREROUTING: its SYN is captured.
    private CaptureChain MangleOutput() => new CaptureChain("mangle", Prefix + "OUTPUT", "OUTPUT",
    [
        new("-o lo -p tcp", "-j RETURN", "routed to this pod itself"),
        .. bypasses.SelectMany(bypass => bypass.Leaving),
        new("-p tcp", divert, "outbound: back in by the loopback"),
        FlowRuleSet.ToLeaving,
    ]).For($"-p tcp {isNotProxy}", "! -p tcp");

    // Not tracked, since legs share addresses and ports. What comes by the loopback has been through OUTPUT, but for what a
    // packet socket writes to it; who may open one passes netfilter by on any other interface as well.
    private CaptureChain RawPrerouting() => new CaptureChain("raw", Prefix + "PREROUTING", "PREROUTING",
    [
        .. bypasses.Select(bypass => bypass.TrackedArriving),
        new("-p tcp", "-j CT --notrack"),
        new($"-p tcp {Syn} -m set ! --match-set {family.InboundSet} src,dst", Ask, "inbound: ask the proxy"),
    ]).For("! -i lo -p tcp");

    private CaptureChain RawOutput() => new CaptureChain("raw", Prefix + "OUTPUT", "OUTPUT",
    [
        .. bypasses.Select(bypass => bypass.TrackedLeaving),
        new("-p tcp", "-j CT --notrack", "legs share addresses and ports: not tracked"),
        new($"-p tcp {NotSyn}", "-j RETURN", "begins nothing: not asked about"),
        new("-p tcp -m addrtype --dst-type LOCAL", "-j RETURN", "from this pod to itself"),
        new($"-p tcp {Syn} -m set ! --match-set {family.OutboundSet} dst,dst", Ask, "outbound: ask the proxy"),
    ])
    {
        Entries =
        [
            new($"-p tcp {isProxy}", "-j CT --notrack", $"{Prefix}OUTPUT: sent by the proxy"),
            new($"-p tcp {isNotProxy}", $"-j {Prefix}OUTPUT"),
        ],
    };

    internal const string Syn = "-m tcp --tcp-flags FIN,SYN,RST,ACK SYN";
    internal const string NotSyn = "-m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN";

    // No --queue-bypass: with nobody on the queue the packet is dropped.
    private string Ask => $"-j NFQUEUE --queue-num {options.QueueNumber}";

    private string Redirect(ushort port) =>
        $"-j TPROXY --on-port {port} --on-ip {family.Loopback} --tproxy-mark 0x{options.DivertMark:x}/0x{options.Mask:x}";
}
