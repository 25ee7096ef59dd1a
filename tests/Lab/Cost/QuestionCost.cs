using System.Globalization;

namespace Lab.Cost;

/// <summary>What an answer to the kernel costs: first packets of flows that are not TCP, each to a port of its own.</summary>
internal static class QuestionCost
{
    private const int AllowedPort = 10_000;
    private const int RefusedPort = 30_000;
    private const int Count = 20_000;
    private const int Rounds = 3;
    private const int IdColumn = 7;

    public static async Task RunAsync(LabCluster lab, LabPod client, LabPod server)
    {
        await lab.ChangeAsync(() => lab.ApplyPolicy($$$"""
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata:
              name: datagrams
              namespace: default
            spec:
              endpointSelector: {matchLabels: {app: server}}
              ingress: [{toPorts: [{ports: [{port: "{{{AllowedPort}}}", endPort: {{{AllowedPort + Count - 1}}}, protocol: UDP}]}]}]
            """));
        await MeasureAsync(lab, client, server, "allowed", AllowedPort);
        await MeasureAsync(lab, client, server, "refused", RefusedPort);
    }

    private static async Task MeasureAsync(LabCluster lab, LabPod client, LabPod server, string what, int port)
    {
        // The first round is not counted: code is still being compiled.
        await SendAsync(client, server, port);
        for (var round = 1; round <= Rounds; round++)
        {
            var (cpu, questions) = (CpuOf(lab), await QuestionsAsync(client, server));
            await SendAsync(client, server, port);
            var (spent, asked) = (CpuOf(lab) - cpu, await QuestionsAsync(client, server) - questions);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"CPU per question about a first packet that is {what}, both nodes, of {asked}, round {round}: {spent / asked:F1} µs"));
        }
    }

    private static async Task SendAsync(LabPod client, LabPod server, int port) =>
        (await client.RunAsync([Peer.Program, "peer", "datagrams", server.IPv4, $"{port}", $"{Count}"], TimeSpan.FromMinutes(2))).Require();

    private static double CpuOf(LabCluster lab) => lab.Nodes.Sum(node => node.Usage().Cpu.TotalMicroseconds);

    // The kernel numbers the packets of a queue.
    private static async Task<long> QuestionsAsync(params LabPod[] pods)
    {
        long asked = 0;
        foreach (var pod in pods)
        {
            var queues = (await pod.RunAsync("cat", "/proc/self/net/netfilter/nfnetlink_queue")).Require().Output;
            asked += queues.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Sum(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[IdColumn], CultureInfo.InvariantCulture));
        }

        return asked;
    }
}
