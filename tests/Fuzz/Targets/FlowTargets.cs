using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Proxy.Telemetry;
using Proxy.Telemetry.Filters;
using Proxy.Telemetry.Protos;

namespace Fuzz.Targets;

/// <summary>What whoever may connect to the observer asks for.</summary>
internal static class FlowTargets
{
    private static readonly Flow[] Flows = [Drop(), Request()];

    private static readonly byte[][] Words = FuzzTargets.Bytes(
        "\"source_pod\":[\"", "\"destination_label\":[\"", "\"source_ip\":[\"", "\"http_path\":[\"", "\"http_url\":[\"", "\"http_status_code\":[\"", "\"node_name\":[\"", "\"protocol\":[\"", "\"destination_port\":[\"",
        "\"source_identity\":[", "\"reply\":[true]", "\"event_type\":[{\"type\":129}]", "\"tcp_flags\":[{\"SYN\":true}]", "\"]", ",", "*", "(a+)+$", ".*.*.*x", "(?:a?){500}", "(?=x)", "\\\\1", "k8s:", " in (", " notin (a, b)", "!", "!=", "==", "4+", "10.0.0.0/8", "fd00::/8", "default/", "/", "cluster/node");

    public static FuzzTarget Queries { get; } = new("flow-queries", CheckQuery)
    {
        Words = [.. Words, .. FuzzTargets.Bytes("source", "event_type", "time", "l7.http.url")],
        Seeds =
        [
            new GetFlowsRequest { Number = 20, Whitelist = { new FlowFilter { SourcePod = { "default/x" }, HttpPath = { "^/v1/.*" } } }, FieldMask = FieldMask.FromString("time,source") }.ToByteArray(),
            new GetFlowsRequest { Follow = true, Blacklist = { new FlowFilter { NodeName = { "no*" }, SourceLabel = { "app in (a,b)" } } }, Since = new Timestamp { Seconds = 1 } }.ToByteArray(),
            new GetFlowsRequest { First = true, Number = 5, Until = new Timestamp { Seconds = 4_000_000_000 } }.ToByteArray(),
        ],
    };

    public static FuzzTarget Filters { get; } = new("flow-filters", CheckFilter)
    {
        Words = Words,
        Seeds = FuzzTargets.Bytes(
            "{\"source_pod\":[\"default/x\"],\"destination_label\":[\"k8s:app in (a,b),!c\"]}",
            "{\"source_ip\":[\"10.0.0.0/8\",\"fd00::1\"],\"http_path\":[\"^/v1/[a-z]+$\"],\"http_status_code\":[\"4+\"]}",
            "{\"node_name\":[\"cl*/n*\"],\"event_type\":[{\"type\":1,\"match_sub_type\":true,\"sub_type\":133}],\"reply\":[false]}",
            "{\"protocol\":[\"tcp\"],\"destination_port\":[\"80\"],\"verdict\":[\"DROPPED\"],\"http_url\":[\"(a|b)*c\"],\"tcp_flags\":[{\"SYN\":true}]}"),
    };

    private static void CheckQuery(byte[] input)
    {
        try
        {
            var query = new FlowQuery(GetFlowsRequest.Parser.ParseFrom(input));
            Show(query);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or FilterFault)
        {
            // Refused, and the caller is told.
        }
    }

    private static void CheckFilter(byte[] input)
    {
        FlowFilter filter;
        try
        {
            filter = JsonParser.Default.Parse<FlowFilter>(Encoding.UTF8.GetString(input));
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            return;
        }

        CheckQuery(new GetFlowsRequest { Whitelist = { filter }, Blacklist = { filter } }.ToByteArray());
    }

    private static void Show(FlowQuery query)
    {
        foreach (var flow in Flows)
        {
            query.Shows(flow);
            query.EndsBefore(flow);
            query.Answer(flow);
        }
    }

    private static Flow Drop() => new()
    {
        Time = new Timestamp { Seconds = 1_800_000_000 },
        NodeName = "default/node1",
        Verdict = Verdict.Dropped,
        DropReasonDesc = Proxy.Telemetry.Protos.DropReason.PolicyDenied,
        EventType = new CiliumEventType { Type = 1, SubType = 133 },
        IP = new IP { Source = "10.0.0.1", Destination = "fd00::1" },
        L4 = new Layer4 { TCP = new TCP { SourcePort = 40000, DestinationPort = 80, Flags = new TCPFlags { SYN = true } } },
        Source = new Endpoint { Namespace = "default", PodName = "x", Identity = 5, Labels = { "k8s:app=a", "k8s:c" }, Workloads = { new Workload { Name = "x", Kind = "Deployment" } } },
        Destination = new Endpoint { Namespace = "default", PodName = "y", Labels = { "reserved:world" } },
    };

    private static Flow Request()
    {
        var flow = Drop();
        flow.EventType = new CiliumEventType { Type = 129 };
        flow.L7 = new Layer7 { Type = L7FlowType.Request, Http = new HTTP { Code = 404, Method = "GET", Url = "http://host/" + new string('a', 8192) + "?b" } };
        return flow;
    }
}
