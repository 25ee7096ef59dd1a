using System.Globalization;

namespace Lab.Cost;

/// <summary>`lab cost`: what a connection through two node-proxies costs, for the README.</summary>
internal static class CostCommand
{
    private const int Connections = 2000;
    private const int NewConnections = 2000;
    private const int Requests = 20_000;
    private const int EchoPort = 9000;

    public static async Task<int> RunAsync()
    {
        await using var lab = await LabCluster.CreateAsync();
        var server = await lab.AddPodAsync(lab.Nodes[1], "server", PodOptions.WithLabels(("app", "server")));
        var client = await lab.AddPodAsync(lab.Nodes[0], "client", PodOptions.WithLabels(("app", "client")));
        await NginxServer.StartAsync(server, NginxServer.Demo);
        var echo = server.Start(Peer.Program, "peer", "serve", "echo", $"{EchoPort}");
        await echo.WaitForLogAsync("listening");
        lab.ApplyPolicy(MeasuredServer.Policy("/"));
        await lab.StartAsync();
        await lab.SettleAsync();
        Console.WriteLine(await DescribeMachineAsync());
        Say("resident memory at start, per node", lab.Nodes.Average(n => n.Usage().ResidentKiB) / 1024, "MiB");
        Say($"memory per idle mutual-TLS connection, both nodes, of {Connections}", await IdleAsync(lab, client, server), "KiB");
        Say($"CPU per request on a kept connection with an HTTP rule, both nodes, of {Requests}", await CpuAsync(lab, client, server, "load", 80, Requests), "µs");
        Say($"CPU per new connection, both nodes, of {NewConnections}", await CpuAsync(lab, client, server, "connects", EchoPort, NewConnections), "µs");
        await QuestionCost.RunAsync(lab, client, server);
        return 0;
    }

    private static async Task<double> IdleAsync(LabCluster lab, LabPod client, LabPod server)
    {
        var goOn = Path.Combine(client.Files, "go-on");
        var before = lab.Nodes.Sum(n => n.Usage().ResidentKiB);
        var swarm = client.Start(Peer.Program, "peer", "swarm", server.IPv4, $"{EchoPort}", $"{Connections}", goOn);
        await swarm.WaitForLogAsync($"standing {Connections} of {Connections}", TimeSpan.FromMinutes(2));
        var after = lab.Nodes.Sum(n => n.Usage().ResidentKiB);
        await File.WriteAllTextAsync(goOn, "");
        await swarm.WaitForExitAsync(TimeSpan.FromMinutes(2));
        return (after - before) / (double)Connections;
    }

    private static async Task<double> CpuAsync(LabCluster lab, LabPod client, LabPod server, string load, int port, int count)
    {
        // The first part is not counted: code is still being compiled.
        await LoadAsync(client, server, load, port, count / 2);
        var before = lab.Nodes.Sum(n => n.Usage().Cpu.TotalMicroseconds);
        await LoadAsync(client, server, load, port, count);
        return (lab.Nodes.Sum(n => n.Usage().Cpu.TotalMicroseconds) - before) / count;
    }

    private static async Task LoadAsync(LabPod client, LabPod server, string load, int port, int count) =>
        (await client.RunAsync([Peer.Program, "peer", load, server.IPv4, $"{port}", $"{count}"], TimeSpan.FromMinutes(5))).Require();

    private static async Task<string> DescribeMachineAsync()
    {
        var commit = await Shell.RunAsync(["git", "-C", Repository.Root, "describe", "--always", "--dirty"]);
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) ?? "";
        return $"commit {commit.Output.Trim()}, {Environment.ProcessorCount} x {model.Split(':')[^1].Trim()}, Linux {Environment.OSVersion.Version}";
    }

    private static void Say(string what, double figure, string unit) =>
        Console.WriteLine($"{what}: {figure.ToString("F1", CultureInfo.InvariantCulture)} {unit}");
}
