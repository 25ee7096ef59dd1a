using System.Globalization;

namespace Lab.Peers;

/// <summary>`lab peer`: small servers and clients, so that tests need nothing else inside a pod.</summary>
internal static class PeerCommand
{
    private const string Usage = """
        lab peer serve echo|answer|speak-first|watch PORT
        lab peer serve source|reset PORT BYTES
        lab peer upload|reset HOST PORT BYTES
        lab peer download HOST PORT BYTES [GO-ON-FILE]
        lab peer greet|idle|flood HOST PORT
        lab peer swarm HOST PORT COUNT [GO-ON-FILE]
        lab peer stall HOST PORT COUNT GO-ON-FILE
        lab peer load|connects HOST PORT COUNT
        lab peer datagrams HOST FIRST-PORT COUNT
        lab peer requests HOST PORT METHOD PATH
        lab peer lab                   a lab with one process, for ever
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case ["lab"]:
                return await StandAsync();
            case ["serve", var mode, var port, .. var rest]:
                return await PeerServer.RunAsync(mode, (int)Number(port), rest.Length > 0 ? Number(rest[0]) : 0);
            case [var mode, var host, var port, .. var rest]:
                return await PeerClient.RunAsync(mode, host, (int)Number(port), rest);
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    internal static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static async Task<int> StandAsync()
    {
        await using var lab = await LabCluster.CreateAsync();
        var pod = await lab.AddPodAsync(lab.Nodes[0], "pod");
        Console.WriteLine($"{lab.Directory.Id} {pod.Start("sleep", "3600").Pid}");
        await Task.Delay(Timeout.Infinite);
        return 0;
    }
}
