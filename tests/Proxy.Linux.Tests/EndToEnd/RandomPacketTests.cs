using System.Diagnostics;
using System.Globalization;
using Lab;
using Proxy.Linux.Tests.EndToEnd.Packets;
using Proxy.Policy;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>
/// Policies and packets by chance: what arrives is what policy allows, TCP, UDP, SCTP, ICMP and another protocol alike.
/// The same pods throughout, so that what was allowed once is judged again by each new set of policies.
/// </summary>
public abstract class RandomPacketTests(Mesh mesh)
{
    private const int FewestRounds = 4;
    private const string SeedVariable = "NODE_PROXY_TEST_SEED";
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SendAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(300);

    [Fact]
    public async Task What_arrives_is_what_policy_allows()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"{SeedVariable}={seed}");
        var random = new Random(seed);
        var machines = await MakeMachinesAsync();
        try
        {
            var (policies, packets) = (new PolicyText(random), new PacketDraw(random, machines));
            var started = Stopwatch.GetTimestamp();
            for (var round = 0; round < FewestRounds || Stopwatch.GetElapsedTime(started) < Enough; round++)
            {
                var text = string.Join("---\n", Enumerable.Range(0, 3).Select(number => policies.Document($"drawn-{number}")));
                var verdicts = new PacketVerdicts(text);
                await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(text + Unique(round)));
                await CompareAsync(packets.Draw(), verdicts, $"{SeedVariable}={seed}, round {round}\n{text}");
            }
        }
        finally
        {
            foreach (var machine in machines)
                machine.Dispose();
        }
    }

    // The drawn texts may be those of before, and a change is waited for.
    private static string Unique(int round) => $"---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: round\n  labels: {{round: \"{round}\"}}\n";

    private async Task<List<Machine>> MakeMachinesAsync()
    {
        await mesh.Lab.ChangeAsync(() => mesh.Lab.RemovePolicy("server"));
        List<LabPod> pods = [];
        foreach (var (number, app) in PolicyText.Apps.Index())
        {
            pods.Add(await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[0], $"{app}-a", PodOptions.WithLabels(("app", app))));
            if (number < 2)
                pods.Add(await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[1], $"{app}-b", PodOptions.WithLabels(("app", app))));
        }

        pods.Add(await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[1], "bare", PodOptions.WithLabels(("app", "blue")) with { IsEnrolled = false }));
        await mesh.Lab.SettleAsync();
        var outside = await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[0], "beyond", new() { IsEnrolled = false, WritesManifest = false, Addresses = ("192.0.2.10", "2001:db8::10") });
        // The other node reaches it by this one.
        foreach (var (address, gateway) in ((string, string)[])[(outside.IPv4, "172.30.12.1"), (outside.IPv6, "fd01:12::1")])
        {
            var added = await mesh.Lab.Nodes[1].RunAsync("ip", "route", "replace", address, "via", gateway);
            Assert.True(added.Succeeded, added.ToString());
        }

        return [.. pods.Select((pod, index) => new Machine(index, pod, isOutside: false)), new Machine(pods.Count, outside, isOutside: true)];
    }

    private static async Task CompareAsync(IReadOnlyList<Packet> packets, PacketVerdicts verdicts, string state)
    {
        var expected = packets.Where(verdicts.Allows).ToHashSet();
        using var stop = new CancellationTokenSource(Patience);
        var dialled = packets.Where(packet => packet.Protocol == TransportProtocol.Tcp).Select(packet => packet.From.DialAsync(packet, stop.Token)).ToList();
        foreach (var packet in packets.Where(packet => packet.Protocol != TransportProtocol.Tcp))
            packet.From.Send(packet);
        await AwaitAsync(expected);
        await Task.Delay(Grace);
        await stop.CancelAsync();
        await Task.WhenAll(dialled);
        var lost = expected.Where(packet => !packet.To.HasHeard(packet));
        var leaked = packets.Where(packet => packet.To.HasHeard(packet) && !expected.Contains(packet));
        string[] faults = [.. lost.Select(packet => $"did not arrive: {packet}"), .. leaked.Select(packet => $"arrived: {packet}")];
        Assert.True(faults.Length == 0, $"{string.Join('\n', faults.Take(20))}\n{faults.Length} of {packets.Count}, {state}");
    }

    // Many at once: the queue of a neighbour that is being looked for holds only a few.
    private static async Task AwaitAsync(HashSet<Packet> expected)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < Patience - SendAgain)
        {
            if (await Wait.UntilAsync(() => expected.All(packet => packet.To.HasHeard(packet)), SendAgain))
                return;
            foreach (var packet in expected.Where(packet => packet.Protocol != TransportProtocol.Tcp && !packet.To.HasHeard(packet)))
                packet.From.Send(packet);
        }
    }
}
