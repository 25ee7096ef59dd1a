namespace Lab.Faults;

/// <summary>What the daemons hold at rest before the load, and must hold again after it.</summary>
internal sealed class DaemonHealth
{
    /// <summary>Runtime and control plane open a few more after their first use.</summary>
    private const int SpareDescriptors = 16;

    /// <summary>Of the admin server and of the observer; those of connections must all be gone.</summary>
    private const int SpareSockets = 4;

    /// <summary>What buffers, compiled code and the heap may keep; a leak of the loop's connections would be more.</summary>
    private const long SpareKiB = 160 * 1024;

    /// <summary>
    /// A peer that vanished while the link was down is found out by keepalive, after two minutes of silence; idle
    /// connections between the nodes may be kept for a while.
    /// </summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    private readonly LabCluster lab;
    private readonly Dictionary<LabNode, ProcessUsage> atRest;
    private readonly Dictionary<LabNode, ProcessUsage> after = [];

    private DaemonHealth(LabCluster lab)
    {
        this.lab = lab;
        atRest = lab.Nodes.ToDictionary(node => node, node => node.Usage());
    }

    public static DaemonHealth AtRest(LabCluster lab) => new(lab);

    /// <summary>Once no client talks any more.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync()
    {
        List<string> violations = [];
        foreach (var node in lab.Nodes)
        {
            violations.AddRange(node.Proxy!.HasExited ? [$"{node.Name}: its daemon has ended"] : await CheckAsync(node));
        }

        return [.. violations, .. Bugs()];
    }

    public override string ToString() => string.Join("; ", lab.Nodes.Select(node =>
        $"{node.Name}: {Describe(atRest[node])}, then {Describe(after.GetValueOrDefault(node))}"));

    internal static bool IsWithin(ProcessUsage now, ProcessUsage before) =>
        now.Descriptors <= before.Descriptors + SpareDescriptors && now.Sockets <= before.Sockets + SpareSockets;

    private static string Describe(ProcessUsage usage) =>
        $"{usage.Descriptors} descriptors with {usage.Sockets} sockets, {usage.ResidentKiB} KiB resident";

    private async Task<List<string>> CheckAsync(LabNode node)
    {
        List<string> violations = [];
        if (!await node.AwaitNoConnectionsAsync(Limit))
        {
            violations.Add($"{node.Name}: {(await DaemonStatus.ReadAsync(node)).Connections} connections are stuck");
        }

        var rests = await Wait.UntilAsync(() => IsWithin(node.Usage(), atRest[node]), Limit);
        after[node] = node.Usage();
        if (!rests)
        {
            violations.Add($"{node.Name} has not come to rest: {Describe(atRest[node])}, then {Describe(after[node])}");
        }

        if (after[node].ResidentKiB > atRest[node].ResidentKiB + SpareKiB)
        {
            violations.Add($"{node.Name}: {after[node].ResidentKiB} KiB resident, {atRest[node].ResidentKiB} KiB before");
        }

        return violations;
    }

    private IEnumerable<string> Bugs() =>
        from path in Directory.GetFiles(lab.Directory.Logs, "*-proxy-*.log")
        from line in File.ReadLines(path)
        where line.Contains("bug in", StringComparison.Ordinal) || line.Contains("Unhandled exception", StringComparison.Ordinal)
        select $"{Path.GetFileName(path)}: {line}";
}
