using Proxy.Telemetry;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>One line per flow, the client always on the left.</summary>
internal sealed class CompactPrinter(TextWriter output, ObserveOptions options) : FlowPrinter(output, options)
{
    public string Line(Flow flow)
    {
        var client = $"{FlowText.SourceName(flow, Options.Translates)} {FlowText.Identity(flow.Source)}";
        var server = $"{FlowText.DestinationName(flow, Options.Translates)} {FlowText.Identity(flow.Destination)}";
        if (flow.IsReply == true)
            (client, server) = (server, client);
        var arrow = flow.IsReply switch { null => "<>", true => "<-", false => "->" };
        var node = Options.PrintsNodeName ? $" [{flow.NodeName}]" : "";
        return $"{Time(flow.Time)}{node}: {client} {arrow} {server} {FlowText.Type(flow)} "
            + $"{FlowText.Verdict(flow, Options.PrintsPolicyNames)} ({FlowText.Summary(flow)})";
    }

    protected override void PrintFlow(Flow flow) => Output.WriteLine(TerminalText.Escape(Line(flow)));
}
