using Lab.Traffic;

namespace Lab.Faults;

/// <summary>Faults under load, then healing; what must never happen is gathered as violations.</summary>
internal sealed class FaultLoop(FaultPlan plan, Action<string> say)
{
    private readonly ForbiddenTimes times = new();

    /// <summary>Builds a lab, runs the loop in it, removes it.</summary>
    /// <returns>The violations; none is what is wanted.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(LabOptions? options = null)
    {
        var lab = await LabCluster.CreateAsync(options);
        List<string> violations;
        try
        {
            violations = await RunAsync(await FaultMesh.CreateAsync(lab));
        }
        finally
        {
            await lab.DisposeAsync();
        }

        if (!lab.Options.IsKept)
        {
            violations.AddRange(LeftOvers.Of(lab.Directory));
        }

        return violations;
    }

    private async Task<List<string>> RunAsync(FaultMesh mesh)
    {
        say($"lab {mesh.Lab.Directory.Id}, seed {plan.Seed}, {plan.Length.TotalMinutes:F1} minutes");
        var rule = new WireRule(mesh.Lab.Pods.SelectMany(pod => (string[])[pod.IPv4, pod.IPv6]));
        var wire = await WireWatch.StartAsync(mesh.Lab.Nodes[0], rule);
        var health = DaemonHealth.AtRest(mesh.Lab);
        var clients = mesh.StartClients().ToList();
        await DisturbAsync(mesh);

        say("healed");
        var healing = new Healing(mesh, clients);
        var violations = new List<string>();
        violations.AddRange(await healing.RunAsync());
        violations.AddRange(await health.CheckAsync());
        violations.AddRange(Breaches(mesh, clients));
        violations.AddRange(mesh.Servers.SelectMany(TrafficRun.ViolationsOf));
        if (wire.HasEnded)
        {
            violations.Add("the capture of the wire ended early");
        }

        say($"wire: {rule.TlsBeginnings} directions began with TLS; {await wire.StopAsync()}");
        say(health.ToString());
        Tell(clients);
        violations.AddRange(rule.Violations);
        if (rule.TlsBeginnings == 0)
        {
            violations.Add("nothing was seen on the wire");
        }

        return violations;
    }

    /// <summary>In the second half the server's daemon lives through everything, so that what it leaks stays to be seen.</summary>
    private async Task DisturbAsync(FaultMesh mesh)
    {
        var start = TimeProvider.System.GetUtcNow();
        var (half, end) = (start + (plan.Length / 2), start + plan.Length);
        var nodes = mesh.Lab.Nodes;
        var early = MachineFaults.Of(mesh, nodes);
        var late = MachineFaults.Of(mesh, [nodes[0]]);
        var manifests = new ManifestFaults(mesh).All;
        await Task.WhenAll(
            new FaultLane(plan, plan.Seed, times, say).RunAsync(() => TimeProvider.System.GetUtcNow() < half ? early : late, end),
            new FaultLane(plan, plan.Seed + 1, times, say).RunAsync(() => manifests, end));
    }

    private IEnumerable<string> Breaches(FaultMesh mesh, IEnumerable<TrafficRun> clients) =>
        from client in clients
        from record in client.Records()
        let isBreach = (client.Client == mesh.Guest && times.IsForbidden(record)) || (client.Client == mesh.Outsider && record.Heard)
        where isBreach || record.Result == TrafficRecord.Wrong || (record.Kind == TrafficRecord.Forbidden && record.IsOk)
        select $"{client.Client.Name}: {(isBreach ? "answered against policy: " : "")}{record}";

    private void Tell(IEnumerable<TrafficRun> clients)
    {
        foreach (var client in clients)
        {
            var results = client.Records().GroupBy(record => $"{record.Kind} {record.Result}").OrderBy(group => group.Key, StringComparer.Ordinal);
            say($"{client.Client.Name}: {string.Join(", ", results.Select(group => $"{group.Count()} {group.Key}"))}");
        }
    }
}
