using Google.Protobuf;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>One response per line in protobuf's own JSON, with the names of the API.</summary>
internal sealed class JsonPrinter(TextWriter output, ObserveOptions options) : FlowPrinter(output, options)
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    public override void Print(GetFlowsResponse response) => Output.WriteLine(Formatter.Format(response));

    protected override void PrintFlow(Flow flow) => Print(new GetFlowsResponse { Flow = flow });
}
