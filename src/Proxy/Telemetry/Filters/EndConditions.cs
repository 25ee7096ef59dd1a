using System.Globalization;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry.Filters;

/// <summary>Conditions on who spoke to whom.</summary>
internal static class EndConditions
{
    public static IEnumerable<Func<Flow, bool>> Of(FlowFilter filter) =>
    [
        .. Conditions.Any(filter.SourceIp, AddressPattern.Parse, (p, flow) => p.Matches(flow.IP?.Source)),
        .. Conditions.Any(filter.DestinationIp, AddressPattern.Parse, (p, flow) => p.Matches(flow.IP?.Destination)),
        .. Conditions.AnyOf(filter.IpVersion, flow => flow.IP?.IpVersion ?? IPVersion.IpNotUsed),
        .. Conditions.Any(filter.Protocol, ProtocolPattern.Parse, (p, flow) => p.Matches(flow)),
        .. Conditions.AnyOf(Ports(filter.SourcePort), flow => FlowPorts.Source(flow.L4)),
        .. Conditions.AnyOf(Ports(filter.DestinationPort), flow => FlowPorts.Destination(flow.L4)),
        .. Conditions.Any(filter.SourcePod, NamePattern.Parse, (p, flow) => p.Matches(flow.Source?.Namespace, flow.Source?.PodName)),
        .. Conditions.Any(filter.DestinationPod, NamePattern.Parse, (p, flow) => p.Matches(flow.Destination?.Namespace, flow.Destination?.PodName)),
        .. Conditions.Any(filter.SourceService, NamePattern.Parse, (p, flow) => p.Matches(flow.SourceService?.Namespace, flow.SourceService?.Name)),
        .. Conditions.Any(filter.DestinationService, NamePattern.Parse, (p, flow) => p.Matches(flow.DestinationService?.Namespace, flow.DestinationService?.Name)),
        .. Conditions.Any(filter.SourceWorkload, wanted => wanted, (wanted, flow) => Owns(wanted, flow.Source)),
        .. Conditions.Any(filter.DestinationWorkload, wanted => wanted, (wanted, flow) => Owns(wanted, flow.Destination)),
        .. Conditions.Any(filter.SourceLabel, LabelPattern.Parse, (p, flow) => p.Matches(flow.Source?.Labels ?? [])),
        .. Conditions.Any(filter.DestinationLabel, LabelPattern.Parse, (p, flow) => p.Matches(flow.Destination?.Labels ?? [])),
        .. Conditions.AnyOf(filter.SourceIdentity, flow => flow.Source?.Identity ?? 0),
        .. Conditions.AnyOf(filter.DestinationIdentity, flow => flow.Destination?.Identity ?? 0),
        .. Conditions.AnyOf(filter.SourceClusterName, flow => flow.Source?.ClusterName ?? ""),
        .. Conditions.AnyOf(filter.DestinationClusterName, flow => flow.Destination?.ClusterName ?? ""),
    ];

    private static uint[] Ports(IReadOnlyCollection<string> ports) => [.. ports.Select(Port)];

    private static uint Port(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? port
            : throw new FilterFault($"invalid port '{text}'");

    private static bool Owns(Workload wanted, Endpoint? end) =>
        end is not null && end.Workloads.Any(workload =>
            (wanted.Name.Length == 0 || wanted.Name == workload.Name)
            && (wanted.Kind.Length == 0 || wanted.Kind == workload.Kind));
}
