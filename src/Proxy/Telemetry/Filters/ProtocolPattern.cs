using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry.Filters;

/// <summary>A protocol by name, of either layer.</summary>
internal sealed record ProtocolPattern(Func<Flow, bool> Matches)
{
    public static ProtocolPattern Parse(string text) => new(text.ToLowerInvariant() switch
    {
        "tcp" => flow => flow.L4?.TCP is not null,
        "udp" => flow => flow.L4?.UDP is not null,
        "sctp" => flow => flow.L4?.SCTP is not null,
        "icmp" => flow => flow.L4?.ICMPv4 is not null || flow.L4?.ICMPv6 is not null,
        "icmpv4" => flow => flow.L4?.ICMPv4 is not null,
        "icmpv6" => flow => flow.L4?.ICMPv6 is not null,
        "vrrp" => flow => flow.L4?.VRRP is not null,
        "igmp" => flow => flow.L4?.IGMP is not null,
        "http" => flow => flow.L7?.Http is not null,
        "dns" => flow => flow.L7?.Dns is not null,
        "kafka" => flow => flow.L7?.Kafka is not null,
        _ => throw new FilterFault($"unknown protocol '{text}'"),
    });
}
