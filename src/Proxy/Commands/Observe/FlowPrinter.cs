using Google.Protobuf.WellKnownTypes;
using Proxy.Telemetry;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>One of Hubble's output forms.</summary>
internal abstract class FlowPrinter(TextWriter output, ObserveOptions options)
{
    protected TextWriter Output => output;

    protected ObserveOptions Options => options;

    public static FlowPrinter Create(TextWriter output, ObserveOptions options) => options.Output switch
    {
        "json" or "jsonpb" => new JsonPrinter(output, options),
        "dict" => new DictPrinter(output, options),
        "table" => new TablePrinter(output, options),
        _ => new CompactPrinter(output, options),
    };

    public virtual void Print(GetFlowsResponse response)
    {
        switch (response.ResponseTypesCase)
        {
            case GetFlowsResponse.ResponseTypesOneofCase.Flow:
                PrintFlow(response.Flow);
                break;
            case GetFlowsResponse.ResponseTypesOneofCase.LostEvents:
                Output.WriteLine(TerminalText.Escape(Lost(response)));
                break;
        }
    }

    /// <summary>Prints what waits for the last flow.</summary>
    public virtual void Finish()
    {
    }

    protected abstract void PrintFlow(Flow flow);

    protected string Time(Timestamp? time) => ObserveTime.Format(time?.ToDateTime(), options.TimeFormat);

    private string Lost(GetFlowsResponse response)
    {
        var lost = response.LostEvents;
        var span = lost.First is null || lost.Last is null ? "" : $" (first: {Time(lost.First)}, last: {Time(lost.Last)})";
        return $"{Time(response.Time)} EVENTS LOST: {EnumName.Of(lost.Source)} CPU({lost.Cpu ?? 0}) {lost.NumEventsLost}{span}";
    }
}
