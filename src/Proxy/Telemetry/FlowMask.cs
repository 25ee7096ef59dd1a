using Google.Protobuf.WellKnownTypes;
using Proxy.Telemetry.Filters;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>The fields of a flow that a client asked for.</summary>
internal sealed class FlowMask
{
    /// <summary>
    /// Hubble's own client up to 1.19 leaves these out of its default mask and prints from them all the
    /// same, so a mask that wants the type of event gets them too.
    /// </summary>
    private static readonly string[] PrintedWithEventType =
    [
        "traffic_direction", "policy_match_type", "auth_type", "source_names", "destination_names",
        "ingress_allowed_by", "egress_allowed_by", "ingress_denied_by", "egress_denied_by",
    ];

    private readonly FieldMask? _mask;

    private FlowMask(FieldMask? mask) => _mask = mask;

    /// <exception cref="FilterFault">A path names no field of a flow.</exception>
    public static FlowMask Of(FieldMask? asked)
    {
        if (asked is null || asked.Paths.Count == 0)
            return new FlowMask(null);
        foreach (var path in asked.Paths)
            if (!FieldMask.IsValid(Flow.Descriptor, path))
                throw new FilterFault($"invalid field mask path '{path}'");

        var mask = asked.Clone();
        if (mask.Paths.Contains("event_type"))
            mask.Paths.AddRange(PrintedWithEventType);
        return new FlowMask(mask);
    }

    public Flow Apply(Flow flow)
    {
        if (_mask is null)
            return flow;
        var masked = new Flow();
        _mask.Merge(flow, masked);
        return masked;
    }
}
