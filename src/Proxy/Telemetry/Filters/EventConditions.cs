using System.Text;
using System.Text.RegularExpressions;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry.Filters;

/// <summary>Conditions on what happened.</summary>
internal static class EventConditions
{
    public static IEnumerable<Func<Flow, bool>> Of(FlowFilter filter) =>
    [
        .. Conditions.AnyOf(filter.Verdict, flow => flow.Verdict),
        .. Conditions.AnyOf(filter.TrafficDirection, flow => flow.TrafficDirection),
        .. Conditions.Any(filter.EventType, wanted => wanted, (wanted, flow) => IsOfType(wanted, flow.EventType)),
        .. Conditions.Any(filter.Reply, wanted => wanted, (wanted, flow) => IsReply(flow) == wanted),
        .. Conditions.Any(filter.DropReasonDesc, wanted => wanted, (wanted, flow) => IsDroppedBecause(wanted, flow)),
        .. Conditions.Any(filter.NodeName, NodePattern, (pattern, flow) => pattern.IsMatch(Absolute(flow.NodeName))),
        .. Conditions.Any(filter.TcpFlags, wanted => wanted, (wanted, flow) => HasFlags(wanted, flow.L4?.TCP?.Flags)),
    ];

    private static bool IsOfType(EventTypeFilter wanted, CiliumEventType? actual) =>
        actual is not null
        && (wanted.Type == 0 || wanted.Type == actual.Type)
        && (!wanted.MatchSubType || wanted.SubType == actual.SubType);

    /// <summary>Unknown matches neither, but what was dropped had no reply.</summary>
    private static bool? IsReply(Flow flow) =>
        flow.IsReply ?? (flow.Verdict == Protos.Verdict.Dropped ? false : null);

    private static bool IsDroppedBecause(Protos.DropReason wanted, Flow flow) =>
        flow.Verdict == Protos.Verdict.Dropped && flow.DropReasonDesc == wanted;

    private static string Absolute(string node) =>
        node.Contains('/') ? node : $"{FlowMapping.ClusterName}/{node}";

    /// <summary>"node", "cluster/node" or "cluster/", with * for any run of characters but the slash.</summary>
    private static Regex NodePattern(string text)
    {
        if (text.Length == 0)
            throw new FilterFault("empty node name");
        var absolute = text.EndsWith('/') ? text + "*" : Absolute(text);
        var pattern = new StringBuilder("^").Append(Regex.Escape(absolute).Replace("\\*", "[^/]*", StringComparison.Ordinal));
        return HttpConditions.Regex(pattern.Append('$').ToString());
    }

    private static bool HasFlags(TCPFlags wanted, TCPFlags? actual)
    {
        if (actual is null)
            return false;
        var both = actual.Clone();
        both.MergeFrom(wanted);
        return both.Equals(actual);
    }
}
