using System.Buffers.Binary;
using System.Diagnostics;

namespace Lab.Faults;

/// <summary>tcpdump on one interface whose segments are judged as they come, so that a long capture needs no disk.</summary>
internal sealed class WireWatch
{
    private readonly Process tcpdump;
    private readonly Task reading;
    private readonly Task<string> saying;

    private WireWatch(Process tcpdump, WireRule rule)
    {
        this.tcpdump = tcpdump;
        reading = ReadAsync(tcpdump.StandardOutput.BaseStream, rule);
        saying = tcpdump.StandardError.ReadToEndAsync();
    }

    public bool HasEnded => reading.IsCompleted;

    public static async Task<WireWatch> StartAsync(LabNode node, WireRule rule)
    {
        // A generous buffer: the machine that runs a loop of faults is busy.
        var command = Shell.InNamespace(node.NetworkNamespace,
            ["tcpdump", "-i", node.Links[0], "-w", "-", "-U", "-n", "-s", "0", "-B", "65536", "-Z", "root", "tcp"]);
        var tcpdump = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new LabException("cannot start tcpdump");
        node.Lab.Directory.RecordProcess(tcpdump.Id, ProcessTable.StartTimeOf(tcpdump.Id), "tcpdump");
        var first = await tcpdump.StandardError.ReadLineAsync();
        return first?.Contains("listening on", StringComparison.Ordinal) == true
            ? new(tcpdump, rule)
            : throw new LabException($"tcpdump: {first}");
    }

    /// <summary>Ends the capture; what tcpdump says of it, drops included.</summary>
    public async Task<string> StopAsync()
    {
        await ProcessTable.EndAsync([(tcpdump.Id, ProcessTable.StartTimeOf(tcpdump.Id))], TimeSpan.FromSeconds(10));
        await reading;
        return (await saying).Trim().ReplaceLineEndings(", ");
    }

    internal static async Task ReadAsync(Stream stream, WireRule rule)
    {
        var buffer = new byte[CapturedSegment.FileHeader];
        await stream.ReadExactlyAsync(buffer);
        var head = new byte[CapturedSegment.RecordHeader];
        while (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false) == head.Length)
        {
            var frame = new byte[BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(8))];
            if (await stream.ReadAtLeastAsync(frame, frame.Length, throwOnEndOfStream: false) < frame.Length)
            {
                return;
            }

            if (CapturedSegment.Parse(frame) is { } segment)
            {
                rule.Inspect(segment);
            }
        }
    }
}
