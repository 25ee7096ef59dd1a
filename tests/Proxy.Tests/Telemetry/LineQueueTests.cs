using System.Text;
using Proxy.Telemetry;

namespace Proxy.Tests.Telemetry;

public sealed class LineQueueTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public void Lines_come_out_in_order_before_the_end()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var lines = new LineQueue(output);

        for (var i = 0; i < 100; i++)
            lines.WriteLine($"{i}");

        Assert.True(lines.Drain(Limit));
        Assert.Equal(string.Concat(Enumerable.Range(0, 100).Select(i => $"{i}\n")), output.ToString());
    }

    [Fact]
    public void A_reader_that_has_stopped_stops_nobody_and_what_was_lost_is_told()
    {
        using var output = new StoppedWriter();
        using var lines = new LineQueue(output);
        lines.WriteLine("held");
        Assert.True(output.IsHolding.Wait(Limit, TestContext.Current.CancellationToken));

        for (var i = 0; i < LineQueue.Capacity + 7; i++)
            lines.WriteLine("line");
        output.MayGoOn.Set();

        Assert.True(lines.Drain(Limit));
        Assert.Equal((LineQueue.Capacity + 2, "7 lines were lost"), (output.Lines.Count, output.Lines[^1]));
    }

    private sealed class StoppedWriter : TextWriter
    {
        internal ManualResetEventSlim IsHolding { get; } = new();

        internal ManualResetEventSlim MayGoOn { get; } = new();

        internal List<string> Lines { get; } = [];

        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value)
        {
            IsHolding.Set();
            MayGoOn.Wait(Limit);
            Lines.Add(value ?? "");
        }
    }
}
