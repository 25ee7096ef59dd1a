using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry.Filters;

/// <summary>The ports of a flow, whatever its protocol; 0 where there are none.</summary>
internal static class FlowPorts
{
    public static uint Source(Layer4? l4) =>
        l4?.TCP?.SourcePort ?? l4?.UDP?.SourcePort ?? l4?.SCTP?.SourcePort ?? 0;

    public static uint Destination(Layer4? l4) =>
        l4?.TCP?.DestinationPort ?? l4?.UDP?.DestinationPort ?? l4?.SCTP?.DestinationPort ?? 0;
}
