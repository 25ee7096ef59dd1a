using System.Text;
using System.Threading.Channels;

namespace Proxy.Telemetry;

/// <summary>
/// Writes lines on a thread of its own: when the reader of the log has stopped, nobody who logs stops with it. A full
/// queue loses lines, and says how many.
/// </summary>
internal sealed class LineQueue : TextWriter
{
    internal const int Capacity = 4096;

    private readonly TextWriter _output;
    private readonly Channel<string> _lines;
    private readonly Thread _thread;
    private long _lost;

    internal LineQueue(TextWriter output)
    {
        _output = output;
        var options = new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true };
        _lines = Channel.CreateBounded<string>(options, _ => Interlocked.Increment(ref _lost));
        _thread = new Thread(Run) { Name = "log", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Makes the line that tells of lost ones.</summary>
    internal Func<long, string> TellLost { get; set; } = lost => $"{lost} lines were lost";

    public override Encoding Encoding => _output.Encoding;

    public override void WriteLine(string? value) => _lines.Writer.TryWrite(value ?? "");

    /// <summary>Takes no more, and waits until all is written; false when that took longer than the limit.</summary>
    internal bool Drain(TimeSpan limit)
    {
        _lines.Writer.TryComplete();
        return _thread.Join(limit);
    }

    private void Run()
    {
        while (_lines.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_lines.Reader.TryRead(out var line))
                Put(line);
            if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
                Put(TellLost(lost));
        }
    }

    private void Put(string line)
    {
        try
        {
            _output.WriteLine(line);
            _output.Flush();
        }
        catch (IOException)
        {
            // The reader of our log is gone; the connections are not.
        }
    }
}
