using Proxy.Telemetry;
using Proxy.Telemetry.Protos;

namespace Proxy.Commands.Observe;

/// <summary>Aligned columns; the widths need all rows, so nothing is printed before the end.</summary>
internal sealed class TablePrinter(TextWriter output, ObserveOptions options) : FlowPrinter(output, options)
{
    private const int Gap = 3;

    private readonly List<string[]> _rows = [];

    protected override void PrintFlow(Flow flow)
    {
        var columns = FlowColumns.Of(flow, Time(flow.Time), Options).ToArray();
        if (_rows.Count == 0)
            _rows.Add([.. columns.Select(column => column.Label)]);
        _rows.Add([.. columns.Select(column => TerminalText.Escape(column.Value))]);
    }

    public override void Finish()
    {
        if (_rows.Count == 0)
            return;
        var widths = Enumerable.Range(0, _rows[0].Length).Select(i => _rows.Max(row => row[i].Length) + Gap).ToArray();
        foreach (var row in _rows)
            Output.WriteLine(string.Concat(row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
    }
}
