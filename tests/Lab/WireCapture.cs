namespace Lab;

/// <summary>tcpdump on one interface, from the moment it listens until it is stopped.</summary>
public sealed class WireCapture
{
    private readonly LabProcess tcpdump;
    private static int captures;

    private WireCapture(LabProcess tcpdump, string file) => (this.tcpdump, FilePath) = (tcpdump, file);

    public string FilePath { get; }

    public static async Task<WireCapture> StartAsync(LabDirectory directory, string networkNamespace, string device, string filter)
    {
        var name = $"capture-{Interlocked.Increment(ref captures)}";
        var file = Path.Combine(directory.Make("captures"), $"{name}.pcap");
        string[] command = ["tcpdump", "-i", device, "-w", file, "-U", "-n", "-s", "0", "--immediate-mode", "-Z", "root"];
        var tcpdump = LabProcess.Start(directory, name, networkNamespace, [.. command, .. filter.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        await tcpdump.WaitForLogAsync("listening on");
        return new(tcpdump, file);
    }

    /// <summary>Stops the capture and returns what was on the wire.</summary>
    public async Task<IReadOnlyList<CapturedSegment>> StopAsync()
    {
        await tcpdump.StopAsync();
        return CapturedSegment.Read(FilePath);
    }
}
