using System.Net;

namespace Proxy.Kernel;

/// <summary>What differs between the rules for IPv4 and for IPv6.</summary>
internal sealed record CaptureFamily
{
    public required string Name { get; init; }
    public required string Tool { get; init; }         // iptables or ip6tables
    public required string LegacyTables { get; init; } // below /proc/net: which tables iptables-legacy has made
    public required string RouteFlag { get; init; }    // -4 or -6, for ip
    public required string SetFamily { get; init; }    // as ipset calls it
    public required string Loopback { get; init; }
    public required int HostPrefix { get; init; }
    public required string OutboundSet { get; init; }
    public required string InboundSet { get; init; }
    public required string FlowOutSet { get; init; }
    public required string FlowInSet { get; init; }
    public required string Icmp { get; init; }         // the protocol, as iptables calls it
    public required string PodSet { get; init; }       // in the node's namespace
    public required Func<CaptureOptions, IPAddress?> ProbeSource { get; init; }

    public static CaptureFamily IPv4 { get; } = new()
    {
        Name = "IPv4",
        Tool = "iptables",
        LegacyTables = "ip_tables_names",
        RouteFlag = "-4",
        SetFamily = "inet",
        Loopback = "127.0.0.1",
        HostPrefix = 32,
        OutboundSet = CaptureRuleSet.Prefix + "OUT4",
        InboundSet = CaptureRuleSet.Prefix + "IN4",
        FlowOutSet = CaptureRuleSet.Prefix + "FLOWS_OUT4",
        FlowInSet = CaptureRuleSet.Prefix + "FLOWS_IN4",
        Icmp = "icmp",
        PodSet = CaptureRuleSet.Prefix + "PODS4",
        ProbeSource = options => options.ProbeSourceIPv4,
    };

    public static CaptureFamily IPv6 { get; } = new()
    {
        Name = "IPv6",
        Tool = "ip6tables",
        LegacyTables = "ip6_tables_names",
        RouteFlag = "-6",
        SetFamily = "inet6",
        Loopback = "::1",
        HostPrefix = 128,
        OutboundSet = CaptureRuleSet.Prefix + "OUT6",
        InboundSet = CaptureRuleSet.Prefix + "IN6",
        FlowOutSet = CaptureRuleSet.Prefix + "FLOWS_OUT6",
        FlowInSet = CaptureRuleSet.Prefix + "FLOWS_IN6",
        Icmp = "ipv6-icmp",
        PodSet = CaptureRuleSet.Prefix + "PODS6",
        ProbeSource = options => options.ProbeSourceIPv6,
    };

    /// <summary>The sets of a pod's namespace.</summary>
    public IReadOnlyList<string> Sets => [OutboundSet, InboundSet, FlowOutSet, FlowInSet];

    /// <summary>IPv4, and IPv6 where the kernel has it.</summary>
    public static IReadOnlyList<CaptureFamily> PresentIn(NamespaceTools tools) =>
        tools.ReadSetting("net.ipv6.conf.lo.disable_ipv6") is null ? [IPv4] : [IPv4, IPv6];
}
