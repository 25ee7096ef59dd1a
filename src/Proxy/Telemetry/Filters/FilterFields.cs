using System.Collections;
using System.Collections.Frozen;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry.Filters;

/// <summary>Which fields of a filter are set, and which of them can be answered here. Flows carry no uuid, DNS names
/// or headers, so a filter on those would silently show nothing.</summary>
internal static class FilterFields
{
    public static FrozenSet<string> Supported { get; } = new[]
    {
        "source_ip", "destination_ip", "ip_version", "protocol", "source_port", "destination_port",
        "source_pod", "destination_pod", "source_service", "destination_service",
        "source_workload", "destination_workload", "source_label", "destination_label",
        "source_identity", "destination_identity", "source_cluster_name", "destination_cluster_name",
        "verdict", "event_type", "reply", "traffic_direction", "drop_reason_desc", "node_name", "tcp_flags",
        "http_status_code", "http_method", "http_path", "http_url",
    }.ToFrozenSet(StringComparer.Ordinal);

    public static IEnumerable<string> Set(FlowFilter filter) =>
        FlowFilter.Descriptor.Fields.InDeclarationOrder()
            .Where(field => field.Accessor.GetValue(filter) is not null and not IList { Count: 0 })
            .Select(field => field.Name);
}
