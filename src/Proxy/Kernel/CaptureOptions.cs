using System.Net;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>What the capture rules of a pod's namespace are made with. Marks are used under <see cref="Mask"/> only.</summary>
internal sealed record CaptureOptions
{
    /// <summary>On every packet of the proxy's own sockets that leave the pod or reach the application.</summary>
    public uint ProxyMark { get; init; } = 0x0100_0000;

    /// <summary>On every captured packet: the policy route takes it to a socket of this namespace.</summary>
    public uint DivertMark { get; init; } = 0x0200_0000;

    /// <summary>On every packet that is not TCP and may pass.</summary>
    internal uint JudgedMark => ProxyMark | DivertMark;

    /// <summary>The bits of the packet mark that are ours; the others are never read nor changed.</summary>
    public uint Mask { get; init; } = 0x0f00_0000;

    /// <summary>The routing table that delivers diverted packets locally.</summary>
    public uint RouteTable { get; init; } = 15001;

    /// <summary>The priority of the rule that leads to the table; it must come before the main table (32766).</summary>
    public uint RulePriority { get; init; } = 150;

    /// <summary>The port of the listener, on 127.0.0.1 and ::1, for what the pod's applications dial.</summary>
    public ushort OutboundPort { get; init; } = 15001;

    /// <summary>The port of the listener, on 127.0.0.1 and ::1, for what arrives at the pod.</summary>
    public ushort InboundPort { get; init; } = 15006;

    /// <summary>The NFQUEUE on which the kernel asks about first packets.</summary>
    public ushort QueueNumber { get; init; } = 15001;

    /// <summary>The NFQUEUE for first packets that are not TCP.</summary>
    internal ushort FlowQueue => (ushort)(QueueNumber + 1);

    /// <summary>The NFQUEUE for packets that go back in a flow.</summary>
    internal ushort ReplyQueue => (ushort)(QueueNumber + 2);

    /// <summary>The most destinations remembered per direction and family.</summary>
    public int AllowSetLimit { get; init; } = 4096;

    /// <summary>How long a remembered destination is not asked about, unless the one who adds it says otherwise.</summary>
    public TimeSpan AllowSetTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an allowed flow that is not TCP is not asked about again; also how long it goes on when nobody answers any more.</summary>
    public TimeSpan FlowSetTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The source that the node gives to its own connections (probes); they pass uncaptured. Null: nothing passes as a
    /// probe. Meant for a node whose own rules stand: without them another machine could take the address.
    /// </summary>
    public IPAddress? ProbeSourceIPv4 { get; init; } = IPAddress.Parse("169.254.7.127");

    /// <summary>As <see cref="ProbeSourceIPv4"/>, for IPv6; not link-local, since a pod could not answer by its default route.</summary>
    public IPAddress? ProbeSourceIPv6 { get; init; } = IPAddress.Parse("fd16:9254:7127:1337:ffff:ffff:ffff:ffff");

    /// <summary>What else passes uncaptured.</summary>
    public Exclusions Exclusions { get; init; } = Exclusions.None;

    /// <summary>Whether anything passes by connection tracking.</summary>
    internal bool HasBypass => ProbeSourceIPv4 is not null || ProbeSourceIPv6 is not null || !Exclusions.IsEmpty;

    /// <summary>The variant of iptables that makes the rules; null: the first that works here, nft before legacy.</summary>
    public IptablesVariant? Iptables { get; init; }

    /// <summary>Refuses values with which the rules would not separate the proxy's packets from the application's.</summary>
    /// <exception cref="ArgumentException">A value is impossible; the message names it.</exception>
    public void Validate()
    {
        Require(ProxyMark != 0 && (ProxyMark & ~Mask) == 0, "the proxy mark must be within the mask and not zero");
        Require(DivertMark != 0 && (DivertMark & ~Mask) == 0, "the divert mark must be within the mask and not zero");
        Require(Mask != uint.MaxValue, "the mask of the marks must leave bits to others; rules that look at all of them are printed without a mask and could not be known again");
        Require(ProxyMark != DivertMark, "the proxy mark and the divert mark must differ");
        Require(JudgedMark != ProxyMark && JudgedMark != DivertMark, "neither of the two marks may hold all bits of the other");
        Require(QueueNumber <= ushort.MaxValue - 2, "two more queues follow the queue's number");
        Require(RouteTable is > 0 and not (253 or 254 or 255), "the routing table must be none of the kernel's own (0, 253, 254, 255)");
        Require(RulePriority is > 0 and < 32766, "the rule priority must be between 1 and 32765");
        Require(OutboundPort != 0 && InboundPort != 0 && OutboundPort != InboundPort, "the capture ports must differ and not be zero");
        Require(AllowSetLimit is > 0 and <= 65536, "the allow set must hold between 1 and 65536 entries");
        Require(AllowSetTime >= TimeSpan.FromSeconds(1) && AllowSetTime <= TimeSpan.FromHours(1), "allow set entries last between 1 s and 1 h");
        Require(ProbeSourceIPv4 is null || IsWithin(ProbeSourceIPv4, "169.254.0.0/16"), "the probe source must be within 169.254.0.0/16: a node's or pod's own address tells nothing apart");
        Require(ProbeSourceIPv6 is null || IsWithin(ProbeSourceIPv6, "fc00::/7"), "the probe source must be within fc00::/7: a node's or pod's own address tells nothing apart");
        // The node's ways in carry it and are known by their text; ip6tables prints hexadecimal numbers here, .NET an IPv4 address.
        Require(ProbeSourceIPv6 is null || !ProbeSourceIPv6.ToString().Contains('.', StringComparison.Ordinal),
            "the probe source must not end in an IPv4 address (ISATAP): give another within fc00::/7");
    }

    private static bool IsWithin(IPAddress address, string range) => Cidr.TryParse(range, out var cidr) && cidr.Contains(Address.From(address));

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new ArgumentException($"capture: {otherwise}");
    }
}
