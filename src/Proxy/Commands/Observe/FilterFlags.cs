using Google.Protobuf.Collections;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>Every filter flag, with the fields of the request that it sets.</summary>
internal static class FilterFlags
{
    public static IReadOnlyList<FilterFlag> All { get; } =
    [
        .. Sides("pod", "[namespace/]pod-name-prefix", "a pod; namespace default when none is given", text => text, f => f.SourcePod, f => f.DestinationPod),
        .. Sides("service", "[namespace/]service-name-prefix", "a Service", text => text, f => f.SourceService, f => f.DestinationService),
        .. Sides("workload", "[kind/]name", "a workload", FilterValues.Workload, f => f.SourceWorkload, f => f.DestinationWorkload),
        .. Sides("label", "selector", "an end with these labels (Kubernetes selector; key may be source:key)", text => text, f => f.SourceLabel, f => f.DestinationLabel, "-l", isList: false),
        .. Sides("ip", "address|cidr", "an address or range", text => text, f => f.SourceIp, f => f.DestinationIp),
        .. Sides("port", "port", "a port", text => text, f => f.SourcePort, f => f.DestinationPort),
        .. Sides("identity", "number|name", "a numeric identity or a reserved name", FilterValues.Identity, f => f.SourceIdentity, f => f.DestinationIdentity),
        .. Sides("cluster", "name", "a cluster", text => text, f => f.SourceClusterName, f => f.DestinationClusterName),
        .. Namespaces(),
        Event("type", "type[:sub-type]", "Only this type: drop, l7, policy-verdict, trace, trace:to-endpoint, a number, …", FilterValues.EventType, f => f.EventType, "-t"),
        Event("verdict", "VERDICT", "Only this verdict: FORWARDED, DROPPED, REDIRECTED, AUDIT, …", FilterValues.Verdict, f => f.Verdict),
        Event("drop-reason-desc", "REASON", "Only drops for this reason: POLICY_DENIED, AUTH_REQUIRED, …", FilterValues.DropReason, f => f.DropReasonDesc),
        Event("protocol", "name", "Only this protocol: tcp, udp, sctp, http, …", text => text, f => f.Protocol),
        Event("traffic-direction", "ingress|egress", "Only this direction", FilterValues.TrafficDirection, f => f.TrafficDirection),
        Event("ip-version", "v4|v6", "Only this version of IP", FilterValues.IpVersion, f => f.IpVersion),
        Event("node-name", "[cluster/]name", "Only flows of this node; * matches any run", text => text, f => f.NodeName),
        Event("http-status", "code", "Only this HTTP status: 404, 40+, 4+", text => text, f => f.HttpStatusCode),
        Event("http-method", "method", "Only this HTTP method", text => text, f => f.HttpMethod),
        Event("http-path", "regex", "Only URLs whose path matches", text => text, f => f.HttpPath) with { IsList = false },
        Event("http-url", "regex", "Only URLs that match", text => text, f => f.HttpUrl) with { IsList = false },
        Event("tcp-flags", "FLAG[,FLAG]", "Only packets with all of these TCP flags", FilterValues.TcpFlags, f => f.TcpFlags) with { IsList = false },
    ];

    private static FilterFlag[] Sides<T>(
        string name, string valueName, string what, Func<string, T> parse,
        Func<FlowFilter, RepeatedField<T>> source, Func<FlowFilter, RepeatedField<T>> destination,
        string? alias = null, bool isList = true) =>
    [
        new($"from-{name}", $"Only flows from {what}", (pair, text) => pair.Both(filter => source(filter).Add(parse(text))))
        {
            ValueName = valueName,
            IsList = isList,
        },
        new($"to-{name}", $"Only flows to {what}", (pair, text) => pair.Both(filter => destination(filter).Add(parse(text))))
        {
            ValueName = valueName,
            IsList = isList,
        },
        new(name, $"Only flows from or to {what}", (pair, text) =>
        {
            source(pair.Left).Add(parse(text));
            destination(pair.Right).Add(parse(text));
        })
        {
            Alias = alias,
            ValueName = valueName,
            IsList = isList,
        },
    ];

    private static FilterFlag Event<T>(
        string name, string valueName, string help, Func<string, T> parse,
        Func<FlowFilter, RepeatedField<T>> field, string? alias = null) =>
        new(name, help, (pair, text) => pair.Both(filter => field(filter).Add(parse(text))))
        {
            Alias = alias,
            ValueName = valueName,
        };

    private static FilterFlag[] Namespaces() =>
    [
        new("from-namespace", "Only flows from this namespace", (pair, text) =>
        {
            pair.LeftScope.Source.Add(text);
            pair.RightScope.Source.Add(text);
        })
        { ValueName = "namespace" },
        new("to-namespace", "Only flows to this namespace", (pair, text) =>
        {
            pair.LeftScope.Destination.Add(text);
            pair.RightScope.Destination.Add(text);
        })
        { ValueName = "namespace" },
        new("namespace", "Only flows from or to this namespace", (pair, text) =>
        {
            pair.LeftScope.Source.Add(text);
            pair.RightScope.Destination.Add(text);
        })
        { Alias = "-n", ValueName = "namespace" },
    ];
}
