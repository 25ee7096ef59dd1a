using System.Globalization;
using Google.Protobuf.Collections;
using PolicyMessage = Proxy.Telemetry.Protos.Policy;
using Proxy.Telemetry.Filters;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>Hubble's words for the parts of a flow.</summary>
internal static class FlowText
{
    private const int Drop = 1;
    private const int Capture = 3;
    private const int Trace = 4;
    private const int PolicyVerdict = 5;
    private const int TraceSock = 7;

    public static readonly string[] ReservedIdentities =
    [
        "unknown", "host", "world", "unmanaged", "health", "init", "remote-node", "kube-apiserver", "ingress",
        "world-ipv4", "world-ipv6",
    ];

    /// <summary>By event sub type, which is not the number of the observation point.</summary>
    public static readonly string[] TracePoints =
    [
        "to-endpoint", "to-proxy", "to-host", "to-stack", "to-overlay", "from-endpoint", "from-proxy", "from-host",
        "from-stack", "from-overlay", "from-network", "to-network", "from-crypto", "to-crypto",
    ];

    private static readonly string[] Matches = ["none", "L3-Only", "L3-L4", "L4-Only", "all", "L3-Proto", "Proto-Only"];

    private static readonly string[] Translations =
        ["UNKNOWN", "pre-xlate-fwd", "post-xlate-fwd", "pre-xlate-rev", "post-xlate-rev"];

    public static string SourceName(Flow flow, bool translate) =>
        Name(flow.Source, flow.SourceService, flow.SourceNames, flow.IP?.Source, flow.Ethernet?.Source, FlowPorts.Source(flow.L4), translate);

    public static string DestinationName(Flow flow, bool translate) =>
        Name(flow.Destination, flow.DestinationService, flow.DestinationNames, flow.IP?.Destination, flow.Ethernet?.Destination, FlowPorts.Destination(flow.L4), translate);

    public static string Identity(Endpoint? end)
    {
        var number = end?.Identity ?? 0;
        return number < ReservedIdentities.Length
            ? $"({ReservedIdentities[number]})"
            : string.Create(CultureInfo.InvariantCulture, $"(ID:{number})");
    }

    public static string Type(Flow flow)
    {
        if (flow.Type == FlowType.L7)
            return Layer7Type(flow.L7);
        return flow.EventType?.Type switch
        {
            Trace => flow.EventType.SubType is >= 0 and var point && point < TracePoints.Length ? TracePoints[point] : "UNKNOWN",
            Drop => DropReasonText.Of((int)flow.DropReasonDesc),
            PolicyVerdict => $"policy-verdict:{Match(flow.PolicyMatchType)} {EnumName.Of(flow.TrafficDirection)}",
            Capture => EnumName.Of(flow.DebugCapturePoint),
            TraceSock => (int)flow.SockXlatePoint < Translations.Length ? Translations[(int)flow.SockXlatePoint] : "UNKNOWN",
            _ => "UNKNOWN",
        };
    }

    public static string Verdict(Flow flow, bool withPolicyNames)
    {
        if (flow.EventType?.Type != PolicyVerdict)
            return EnumName.Of(flow.Verdict);
        return flow.Verdict switch
        {
            Telemetry.Protos.Verdict.Forwarded or Telemetry.Protos.Verdict.Redirected => "ALLOWED" + By(flow, false, withPolicyNames),
            Telemetry.Protos.Verdict.Dropped or Telemetry.Protos.Verdict.Error => "DENIED" + By(flow, true, withPolicyNames),
            Telemetry.Protos.Verdict.Audit => "AUDITED" + By(flow, false, withPolicyNames),
            var other => EnumName.Of(other),
        };
    }

    public static string Summary(Flow flow)
    {
        var trace = flow.IpTraceId is { TraceId: > 0 and var id } ? string.Create(CultureInfo.InvariantCulture, $"IP Trace ID: {id}; ") : "";
        var auth = flow.AuthType == AuthType.Disabled ? "" : $"; Auth: {EnumName.Of(flow.AuthType)}";
        return trace + flow.Summary + auth;
    }

    private static string Layer7Type(Layer7? l7)
    {
        var type = l7?.Type.ToString().ToLowerInvariant() ?? "unknown";
        return l7?.RecordCase switch
        {
            Layer7.RecordOneofCase.Http => $"http-{type}",
            Layer7.RecordOneofCase.Dns => $"dns-{type} {l7.Dns.ObservationSource}",
            Layer7.RecordOneofCase.Kafka => $"kafka-{type}",
            _ => $"l7-{type}",
        };
    }

    private static string Match(uint match) =>
        match < Matches.Length ? Matches[match] : string.Create(CultureInfo.InvariantCulture, $"unknown ({match})");

    private static string By(Flow flow, bool denied, bool withPolicyNames)
    {
        var policies = PoliciesOf(flow, denied);
        return withPolicyNames && policies.Count > 0
            ? " BY " + string.Join(", ", policies.Select(policy => $"{policy.Name} ({policy.Kind})"))
            : "";
    }

    private static RepeatedField<PolicyMessage> PoliciesOf(Flow flow, bool denied) =>
        (flow.TrafficDirection == TrafficDirection.Egress, denied) switch
        {
            (true, true) => flow.EgressDeniedBy,
            (true, false) => flow.EgressAllowedBy,
            (false, true) => flow.IngressDeniedBy,
            (false, false) => flow.IngressAllowedBy,
        };

    private static string Name(
        Endpoint? end, Service? service, RepeatedField<string> names, string? address, string? mac, uint port, bool translate)
    {
        if (string.IsNullOrEmpty(address))
            return mac ?? "";
        var host = translate ? Translated(end, service, names) ?? address : address;
        if (port == 0)
            return host;
        var bracketed = host.Contains(':') ? $"[{host}]" : host;
        return string.Create(CultureInfo.InvariantCulture, $"{bracketed}:{port}");
    }

    private static string? Translated(Endpoint? end, Service? service, RepeatedField<string> names)
    {
        var space = service is { Namespace.Length: > 0 } ? service.Namespace : end?.Namespace;
        if (end is { PodName.Length: > 0 })
            return $"{space}/{end.PodName}";
        if (service is { Name.Length: > 0 })
            return $"{space}/{service.Name}";
        return names.Count > 0 ? string.Join(',', names) : null;
    }
}
