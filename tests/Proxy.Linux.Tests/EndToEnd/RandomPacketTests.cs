using System.Diagnostics;
using System.Globalization;
using Lab;
using Proxy.Linux.Tests.EndToEnd.Packets;
using Proxy.Policy;
using Proxy.Policy.Tests.Reference;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>
/// Clusters, policies and packets by chance: what arrives is what the reference evaluator allows, TCP with its requests, UDP,
/// SCTP, ICMP and another protocol alike. The same pods throughout, so that what was allowed once is judged again by each new
/// set of labels and policies.
/// </summary>
public abstract class RandomPacketTests(Mesh mesh)
{
    private const int FewestRounds = 4;
    private const string SeedVariable = "NODE_PROXY_TEST_SEED";
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SendAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(300);

    private readonly HashSet<string> noticed = [];

    [Fact]
    public async Task What_arrives_is_what_the_reference_allows()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"{SeedVariable}={seed}");
        var random = new Random(seed);
        var machines = await MakeMachinesAsync(random);
        try
        {
            Station[] stations = [.. machines.Keys.OrderBy(station => station.Index)];
            var packets = new PacketDraw(random, stations);
            var started = Stopwatch.GetTimestamp();
            for (var number = 0; number < FewestRounds || Stopwatch.GetElapsedTime(started) < Enough; number++)
            {
                var round = Round.Draw(random, stations, number);
                await ApplyAsync(round, stations);
                await CompareAsync(packets.Draw(), round, machines, $"{SeedVariable}={seed}, round {number}");
            }
        }
        finally
        {
            foreach (var machine in machines.Values)
                machine.Dispose();
        }

        TestContext.Current.SendDiagnosticMessage($"mistakes that what arrived would have shown: {string.Join(", ", noticed)}");
        Assert.NotEmpty(noticed);
    }

    private async Task<Dictionary<Station, Machine>> MakeMachinesAsync(Random random)
    {
        mesh.Lab.RemovePolicy("server");
        foreach (var name in ClusterDraw.Namespaces)
            mesh.Lab.Manifests.WriteNamespace(name, enrolled: true);
        var made = new Dictionary<Station, Machine>();
        foreach (var station in Station.Draw(random))
        {
            var pod = await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[station.IsOutside ? 0 : station.Index % 2], station.Pod.Name, station.Options);
            var placed = station with { IPv4 = pod.IPv4, IPv6 = pod.IPv6, Made = pod };
            made.Add(placed, new Machine(placed, pod.NetworkNamespace));
            if (station.IsOutside)
                await RouteAsync(pod);
        }

        await mesh.Lab.SettleAsync();
        return made;
    }

    // The other node reaches it by this one.
    private async Task RouteAsync(LabPod outside)
    {
        foreach (var (address, gateway) in ((string, string)[])[(outside.IPv4, "172.30.12.1"), (outside.IPv6, "fd01:12::1")])
        {
            var added = await mesh.Lab.Nodes[1].RunAsync("ip", "route", "replace", address, "via", gateway);
            Assert.True(added.Succeeded, added.ToString());
        }
    }

    // The policies last: whoever has them has the rest.
    private async Task ApplyAsync(Round round, IReadOnlyList<Station> stations)
    {
        var cluster = round.Scenario.Cluster;
        foreach (var (name, labels) in cluster.Namespaces)
            mesh.Lab.Manifests.WriteNamespace(name, enrolled: true, labels, cluster.AuditNamespaces.Contains(name));
        foreach (var station in stations.Where(station => !station.IsOutside))
            mesh.Lab.RelabelPod(station.Made!, round.WorkloadOf(station, ipv4: true).Labels);
        mesh.Lab.Manifests.WriteFile("drawn", ClusterText.Write(round.Scenario));
        await mesh.Lab.AwaitPolicyAsync(round.Policy);
    }

    private async Task CompareAsync(IReadOnlyList<Packet> packets, Round round, Dictionary<Station, Machine> machines, string state)
    {
        bool HasArrived(Packet packet) => machines[packet.To].HasHeard(packet);
        var expected = packets.Where(new PacketVerdicts(new ReferenceEvaluator(), round).Allows).ToHashSet();
        using var stop = new CancellationTokenSource(Patience);
        var dialled = packets.Where(packet => packet.Protocol == TransportProtocol.Tcp).Select(packet => machines[packet.From].DialAsync(packet, stop.Token)).ToList();
        foreach (var packet in packets.Where(packet => packet.Protocol != TransportProtocol.Tcp))
            machines[packet.From].Send(packet);
        await AwaitAsync(expected, HasArrived, packet => machines[packet.From].Send(packet));
        await Task.Delay(Grace);
        await stop.CancelAsync();
        await Task.WhenAll(dialled);
        var lost = expected.Where(packet => !HasArrived(packet));
        var leaked = packets.Where(packet => HasArrived(packet) && !expected.Contains(packet));
        string[] faults = [.. lost.Select(packet => $"did not arrive: {packet}"), .. leaked.Select(packet => $"arrived: {packet}")];
        Assert.True(faults.Length == 0, $"{string.Join('\n', faults.Take(20))}\n{faults.Length} of {packets.Count}, {state}\n{Describe(round)}");
        noticed.UnionWith(WrongEvaluators.Names.Where(mistake =>
        {
            var wrong = new PacketVerdicts(WrongEvaluators.Named(mistake), round);
            return packets.Any(packet => wrong.Allows(packet) != HasArrived(packet));
        }));
    }

    // Many at once: the queue of a neighbour that is being looked for holds only a few.
    private static async Task AwaitAsync(HashSet<Packet> expected, Func<Packet, bool> hasArrived, Action<Packet> send)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < Patience - SendAgain)
        {
            if (await Wait.UntilAsync(() => expected.All(hasArrived), SendAgain))
                return;
            foreach (var packet in expected.Where(packet => packet.Protocol != TransportProtocol.Tcp && !hasArrived(packet)))
                send(packet);
        }
    }

    private static string Describe(Round round) => string.Join('\n', [
        .. round.IPv4.Select(workload => workload.ToString()),
        .. round.Scenario.Cluster.Namespaces.Select(entry => $"namespace {entry.Key}: {string.Join(' ', entry.Value)}"),
        $"audit: {string.Join(' ', round.Scenario.Cluster.AuditNamespaces)}",
        ClusterText.Write(round.Scenario),
    ]);
}
