using System.Collections.Frozen;
using System.Globalization;
using Proxy.Policy;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>The text in parentheses, in Cilium's words, with our reason at the end.</summary>
internal static class FlowSummary
{
    public static string Of(Flow flow, TransportProtocol transport, string reason)
    {
        var summary = flow.L7?.Http is { } http ? OfHttp(flow.L7, http) : OfPacket(flow.L4, transport);
        return reason.Length == 0 ? summary : $"{summary}; Reason: {reason}";
    }

    // As the library that Cilium prints with calls them.
    private static readonly FrozenDictionary<uint, string> IcmpTypes = new Dictionary<uint, string>
    {
        [0] = "EchoReply",
        [8] = "EchoRequest",
        [9] = "RouterAdvertisement",
        [10] = "RouterSolicitation",
        [13] = "TimestampRequest",
        [14] = "TimestampReply",
        [15] = "InfoRequest",
        [16] = "InfoReply",
        [17] = "AddressMaskRequest",
        [18] = "AddressMaskReply",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<uint, string> IcmpV6Types = new Dictionary<uint, string>
    {
        [2] = "PacketTooBig",
        [128] = "EchoRequest",
        [129] = "EchoReply",
        [130] = "MLDv1MulticastListenerQueryMessage",
    }.ToFrozenDictionary();

    private static string OfHttp(Layer7 l7, HTTP http)
    {
        if (l7.Type != L7FlowType.Response)
            return $"{http.Protocol} {http.Method} {http.Url}";
        var milliseconds = l7.LatencyNs / 1_000_000;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{http.Protocol} {http.Code} {milliseconds}ms ({http.Method} {http.Url})");
    }

    private static string OfPacket(Layer4 l4, TransportProtocol transport) => l4.ProtocolCase switch
    {
        Layer4.ProtocolOneofCase.TCP => "TCP Flags: " + Names(l4.TCP.Flags),
        Layer4.ProtocolOneofCase.ICMPv4 => "ICMPv4 " + NameOf(l4.ICMPv4.Type, l4.ICMPv4.Code, IcmpTypes),
        Layer4.ProtocolOneofCase.ICMPv6 => "ICMPv6 " + NameOf(l4.ICMPv6.Type, l4.ICMPv6.Code, IcmpV6Types),
        Layer4.ProtocolOneofCase.None => string.Create(CultureInfo.InvariantCulture, $"IP protocol {(byte)transport}"),
        var other => other.ToString(),
    };

    private static string NameOf(uint type, uint code, FrozenDictionary<uint, string> names) => names.TryGetValue(type, out var name)
        ? name
        : string.Create(CultureInfo.InvariantCulture, $"{type}({code})");

    private static string Names(TCPFlags? flags) => flags switch
    {
        { SYN: true, ACK: true } => "SYN, ACK",
        { SYN: true } => "SYN",
        _ => "",
    };
}
