namespace Lab.Demo;

/// <summary>The ten steps once, with the clients on one node.</summary>
internal sealed class DemoRound(LabCluster lab, StarWars scenario, LabNode clients, DemoReport report)
{
    private static readonly TimeSpan FlowLimit = TimeSpan.FromSeconds(5);
    private readonly HashSet<string> earlier = [];
    private WireCapture? wire;

    private bool IsBetweenNodes => clients != scenario.DeathStars[0].Node;

    public async Task RunAsync()
    {
        report.Title(IsBetweenNodes ? "clients and servers on different nodes" : "clients and servers on the same node");
        earlier.UnionWith(await ReadFlowsAsync(lab.ObserverArguments()));
        await scenario.PlaceClientsAsync(clients);
        await lab.SettleAsync();
        foreach (var step in DemoStep.All)
        {
            await PrepareAsync(step);
            await TakeAsync(step);
        }

        await CheckFlowsAsync();
        await ShowFlowsAsync();
    }

    /// <summary>Takes back what the steps changed, except the death star's last policy when the lab is kept.</summary>
    public async Task RestoreAsync(bool keepsPolicies)
    {
        lab.RestoreEntry("client2");
        await lab.AwaitSvidAsync(scenario.Clients["client2"], isHeld: true);
        if (!keepsPolicies)
        {
            await lab.ChangeAsync(() => ((string[])["rule1", "demo1-default-deny", "demo2-clients"]).ToList().ForEach(name => lab.RemovePolicy(name)));
        }
    }

    private Task PrepareAsync(DemoStep step)
    {
        var demo = StarWars.Policy("demo-clients.yaml");
        switch (step.Number)
        {
            case 1:
            case 4:
                return lab.ChangeAsync(() => lab.ApplyPolicy(StarWars.Policy(step.Policy)));
            case 7:
                return lab.ChangeAsync(() => lab.ApplyPolicy(demo.Split("\n---\n")[0]));
            case 8:
                return lab.ChangeAsync(() => lab.ApplyPolicy(demo.Split("\n---\n")[1]));
            case 10:
                lab.WithdrawEntry("client2");
                return lab.AwaitSvidAsync(scenario.Clients["client2"], isHeld: false);
            default:
                return Task.CompletedTask;
        }
    }

    private async Task TakeAsync(DemoStep step)
    {
        // A tunnel is proven once: the handshake of the connection in step 4 may have been that of step 1.
        if (step.Number == 1)
        {
            wire = await lab.CaptureOnLinkAsync(clients, "tcp");
        }

        var service = step.AsksDeathStar ? scenario.DeathStar : scenario.DemoDeployment;
        report.Step(step, await Curl.AskAsync(scenario.Clients[step.Client], service, step.Method, step.Path));
        if (step.Number == 4)
        {
            var sees = await DeathStarSeesAsync($"{scenario.TieFighter.IPv4} POST /v1/request-landing 200");
            report.Check($"         server:   saw the tie fighter's own address {scenario.TieFighter.IPv4}: {sees}", sees);
            WireCheck.Report(report, await wire!.StopAsync(), IsBetweenNodes);
        }
    }

    private async Task<bool> DeathStarSeesAsync(string request) =>
        (await Task.WhenAll(scenario.DeathStarServers.Select(server => server.AwaitRequestAsync(request, TimeSpan.FromSeconds(2))))).Any(seen => seen);

    private async Task CheckFlowsAsync()
    {
        IReadOnlyList<string> lines = [];
        await Wait.UntilAsync(
            async () =>
            {
                lines = [.. (await ReadFlowsAsync(lab.ObserverArguments())).Where(line => !earlier.Contains(line))];
                return FlowExpectation.All.All(expected => expected.IsMet(lines));
            },
            FlowLimit);
        report.Say("flows that must be seen:");
        foreach (var expected in FlowExpectation.All)
        {
            var found = lines.FirstOrDefault(line => expected.Line.IsMatch(line)) ?? "(none)";
            report.Check($"  {expected.Text}\n      {found}", expected.IsMet(lines));
        }
    }

    private async Task ShowFlowsAsync()
    {
        foreach (var node in lab.Nodes)
        {
            report.Say($"flows as `node-proxy observe` gives them on {node.Name}:");
            foreach (var line in (await ReadFlowsAsync(["--server", $"unix://{node.ObserverSocket}"])).Where(line => !earlier.Contains(line)))
            {
                report.Say($"  {line}");
            }
        }
    }

    private async Task<IReadOnlyList<string>> ReadFlowsAsync(IEnumerable<string> servers)
    {
        var result = await Shell.RunAsync([lab.RequireNodeProxy(), "observe", .. servers, "--last", "4000"]);
        if (!result.Succeeded)
        {
            report.Say(result.ToString());
        }

        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
