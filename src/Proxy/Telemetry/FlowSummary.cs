using System.Globalization;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>The text in parentheses, in Cilium's words, with our reason at the end.</summary>
internal static class FlowSummary
{
    public static string Of(Flow flow, string reason)
    {
        var summary = flow.L7?.Http is { } http ? OfHttp(flow.L7, http) : OfPacket(flow.L4);
        return reason.Length == 0 ? summary : $"{summary}; Reason: {reason}";
    }

    private static string OfHttp(Layer7 l7, HTTP http)
    {
        if (l7.Type != L7FlowType.Response)
            return $"{http.Protocol} {http.Method} {http.Url}";
        var milliseconds = l7.LatencyNs / 1_000_000;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{http.Protocol} {http.Code} {milliseconds}ms ({http.Method} {http.Url})");
    }

    private static string OfPacket(Layer4 l4) => l4.ProtocolCase switch
    {
        Layer4.ProtocolOneofCase.TCP => "TCP Flags: " + Names(l4.TCP.Flags),
        var other => other.ToString(),
    };

    private static string Names(TCPFlags? flags) => flags switch
    {
        { SYN: true, ACK: true } => "SYN, ACK",
        { SYN: true } => "SYN",
        _ => "",
    };
}
