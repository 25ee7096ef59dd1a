using Google.Protobuf.WellKnownTypes;
using Proxy.Policy;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>Turns a record into Hubble's Flow, filled as Cilium fills it.</summary>
internal static class FlowMapping
{
    public const int DropEvent = 1;
    public const int TraceEvent = 4;
    public const int PolicyVerdictEvent = 5;
    public const int L7Event = 129;

    /// <summary>Clusters are not told apart here; this is Cilium's name for the only one.</summary>
    public const string ClusterName = "default";

    public static Flow ToFlow(in FlowRecord record, ReadOnlySpan<byte> text, string nodeName)
    {
        var flow = new Flow
        {
            Time = Timestamp.FromDateTime(new DateTime(record.Ticks, DateTimeKind.Utc)),
            Verdict = MapVerdict(record.Verdict),
            NodeName = nodeName,
            TrafficDirection = record.Direction == Direction.Ingress ? TrafficDirection.Ingress : TrafficDirection.Egress,
            Type = FlowType.L3L4,
        };
        FlowEnds.Fill(flow, record);
        FillKind(flow, record, text);
        FlowRules.Fill(flow, record);
        flow.Summary = FlowSummary.Of(flow, record.Transport, record.Reason);
        if (record.Reason.Length > 0)
            flow.PolicyLog.Add("reason=" + record.Reason);
        foreach (var action in record.HeaderActions)
            flow.PolicyLog.Add(action.Note);
        return flow;
    }

    private static void FillKind(Flow flow, in FlowRecord record, ReadOnlySpan<byte> text)
    {
        switch (record.Kind)
        {
            case FlowKind.PolicyVerdict:
                FillPolicyVerdict(flow, record);
                break;
            case FlowKind.Drop:
                flow.EventType = new CiliumEventType { Type = DropEvent, SubType = (int)record.DropReason };
                FillDropReason(flow, record);
                break;
            case FlowKind.ToEndpoint:
                flow.EventType = new CiliumEventType { Type = TraceEvent };
                flow.TraceObservationPoint = TraceObservationPoint.ToEndpoint;
                flow.TraceReason = record.IsReply ? TraceReason.Reply : TraceReason.New;
                flow.IsReply = record.IsReply;
                break;
            default:
                FillHttp(flow, record, text);
                break;
        }
    }

    private static void FillPolicyVerdict(Flow flow, in FlowRecord record)
    {
        flow.EventType = new CiliumEventType { Type = PolicyVerdictEvent };
        flow.PolicyMatchType = (uint)record.Match;
        flow.AuthType = record.AuthSpire ? AuthType.Spire : AuthType.Disabled;
        if (record.Verdict == FlowVerdict.Dropped)
            FillDropReason(flow, record);
        else
            flow.IsReply = false;
    }

    private static void FillDropReason(Flow flow, in FlowRecord record)
    {
        flow.DropReason = (uint)record.DropReason;
        flow.DropReasonDesc = (Protos.DropReason)record.DropReason;
    }

    private static void FillHttp(Flow flow, in FlowRecord record, ReadOnlySpan<byte> text)
    {
        var http = new HTTP
        {
            Protocol = record.HttpProtocol,
            Method = record.Method(text),
            Url = FlowUrl.Of(record.Host(text), record.Target(text)),
            Code = record.StatusCode,
        };
        flow.EventType = new CiliumEventType { Type = L7Event };
        flow.Type = FlowType.L7;
        flow.IsReply = record.IsReply;
        flow.L7 = new Layer7
        {
            Type = record.IsReply ? L7FlowType.Response : L7FlowType.Request,
            LatencyNs = (ulong)Math.Max(0, record.Latency.Ticks) * TimeSpan.NanosecondsPerTick,
            Http = http,
        };
    }

    private static Protos.Verdict MapVerdict(FlowVerdict verdict) => verdict switch
    {
        FlowVerdict.Forwarded => Protos.Verdict.Forwarded,
        FlowVerdict.Dropped => Protos.Verdict.Dropped,
        FlowVerdict.Redirected => Protos.Verdict.Redirected,
        _ => Protos.Verdict.Audit,
    };
}
