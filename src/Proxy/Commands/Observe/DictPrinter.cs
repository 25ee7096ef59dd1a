using Proxy.Telemetry;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>One line per field, flows apart by a rule.</summary>
internal sealed class DictPrinter(TextWriter output, ObserveOptions options) : FlowPrinter(output, options)
{
    private const int LabelWidth = 11;

    private bool _isFirst = true;

    protected override void PrintFlow(Flow flow)
    {
        if (!_isFirst)
            Output.WriteLine(new string('-', 12));
        _isFirst = false;
        foreach (var (label, value) in FlowColumns.Of(flow, Time(flow.Time), Options))
            Output.WriteLine($"{label.PadLeft(LabelWidth)}: {TerminalText.Escape(value)}");
    }
}
