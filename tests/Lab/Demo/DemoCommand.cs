using System.Runtime.InteropServices;

namespace Lab.Demo;

/// <summary>`lab demo`: the Star Wars scenario on two nodes, printed step by step.</summary>
internal static class DemoCommand
{
    public static async Task<int> RunAsync(bool keeps)
    {
        var report = new DemoReport(Console.Out);
        await using var lab = await LabCluster.CreateAsync();
        using var signals = new EndingSignals(lab);
        try
        {
            await RunAsync(lab, report, keeps);
        }
        catch (LabException fault)
        {
            report.Check($"the demo could not go on: {fault.Message}", isExpected: false);
            ShowLogs(lab, report);
        }

        report.Title(report.Differences == 0 ? "everything came as expected" : $"{report.Differences} not as expected");
        return report.Differences == 0 ? 0 : 1;
    }

    private static async Task RunAsync(LabCluster lab, DemoReport report, bool keeps)
    {
        report.Title($"lab {lab.Directory.Id}: two nodes, one node-proxy each, and the pods of the scenario");
        var (clients, servers) = (lab.Nodes[0], lab.Nodes[1]);
        var scenario = await StarWars.CreateAsync(lab, servers);
        await lab.StartAsync();
        await lab.SettleAsync();
        var together = new DemoRound(lab, scenario, servers, report);
        await together.RunAsync();
        await together.RestoreAsync(keepsPolicies: false);
        var apart = new DemoRound(lab, scenario, clients, report);
        await apart.RunAsync();
        if (keeps)
        {
            await apart.RestoreAsync(keepsPolicies: true);
            KeptLab.Keep(lab, scenario, report);
        }
    }

    private static void ShowLogs(LabCluster lab, DemoReport report)
    {
        foreach (var path in Directory.GetFiles(lab.Directory.Logs).Where(p => p.Contains("proxy", StringComparison.Ordinal) || p.Contains("issuer", StringComparison.Ordinal)))
        {
            report.Say($"--- {Path.GetFileName(path)}\n{string.Join('\n', File.ReadLines(path).TakeLast(30))}");
        }
    }

    /// <summary>Removes the lab when the demo is asked to end early.</summary>
    private sealed class EndingSignals : IDisposable
    {
        private readonly PosixSignalRegistration[] registrations;

        public EndingSignals(LabCluster lab) => registrations =
            [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Select(signal =>
                PosixSignalRegistration.Create(signal, context => End(context, lab)))];

        public void Dispose() => Array.ForEach(registrations, registration => registration.Dispose());

        private static void End(PosixSignalContext context, LabCluster lab)
        {
            context.Cancel = true;
            lab.DisposeAsync().AsTask().GetAwaiter().GetResult();
            Environment.Exit(130);
        }
    }
}
