using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>The fields of a flow as dict and table show them: as sent, without turning replies around.</summary>
internal static class FlowColumns
{
    public static IEnumerable<(string Label, string Value)> Of(Flow flow, string time, ObserveOptions options)
    {
        yield return ("TIMESTAMP", time);
        if (options.PrintsNodeName)
            yield return ("NODE", flow.NodeName);
        yield return ("SOURCE", FlowText.SourceName(flow, options.Translates));
        yield return ("DESTINATION", FlowText.DestinationName(flow, options.Translates));
        yield return ("TYPE", FlowText.Type(flow));
        yield return ("VERDICT", FlowText.Verdict(flow, options.PrintsPolicyNames));
        yield return ("SUMMARY", FlowText.Summary(flow));
    }
}
