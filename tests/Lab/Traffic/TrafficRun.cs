namespace Lab.Traffic;

/// <summary>A client process in a pod and what it says, seen from outside.</summary>
public sealed class TrafficRun
{
    /// <summary>How many kinds of exchanges there are.</summary>
    public const int AllKinds = 8;

    private static int starts;

    private readonly string stopFile;

    private TrafficRun(LabPod client, LabProcess process, string stopFile) =>
        (Client, Process, this.stopFile) = (client, process, stopFile);

    public LabPod Client { get; }

    public LabProcess Process { get; }

    /// <summary>Starts the server of all kinds in a pod.</summary>
    public static async Task<LabProcess> ServeAsync(LabPod pod)
    {
        var server = pod.Start(Peer.Program, "traffic", "serve");
        await server.WaitForLogAsync(TrafficServer.Listening);
        return server;
    }

    public static TrafficRun Start(LabPod client, params IEnumerable<string> servers)
    {
        var stopFile = Path.Combine(client.Files, $"stop-{Interlocked.Increment(ref starts)}");
        return new(client, client.Start([Peer.Program, "traffic", "to", stopFile, .. servers]), stopFile);
    }

    /// <summary>All exchanges that have ended so far.</summary>
    public IReadOnlyList<TrafficRecord> Records() => [.. Process.Log.Split('\n').Select(TrafficRecord.Parse).OfType<TrafficRecord>()];

    /// <summary>The kinds of which one of these records is as it should be.</summary>
    public IReadOnlyCollection<string> Kinds(Func<TrafficRecord, bool> among) =>
        Records().Where(record => record.IsGood && among(record)).Select(record => record.Kind).ToHashSet();

    public Task<bool> AwaitAsync(Func<TrafficRecord, bool> wanted, TimeSpan limit) => Wait.UntilAsync(() => Records().Any(wanted), limit);

    /// <summary>Lets every exchange under way end, within its own limit.</summary>
    public async Task<int> StopAsync()
    {
        await File.WriteAllTextAsync(stopFile, "");
        return await Process.WaitForExitAsync(TrafficClient.ExchangeLimit * 2);
    }

    /// <summary>What a server saw that must never happen.</summary>
    public static IEnumerable<string> ViolationsOf(LabProcess server) =>
        server.Log.Split('\n').Where(line => line.StartsWith(TrafficServer.Violation, StringComparison.Ordinal));
}
