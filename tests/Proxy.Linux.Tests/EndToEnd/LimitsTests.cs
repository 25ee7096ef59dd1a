using System.Net;
using System.Net.Sockets;
using Lab;
using Proxy.Linux.Tests.Kernel;
using Proxy.Native;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>A node-proxy at its limits: it stays up, refuses what is too much, and harms nobody else.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class LimitsTests(BoundedMesh mesh) : IClassFixture<BoundedMesh>, IDisposable
{
    private const long StalledBytes = 16 << 20;

    private readonly List<string> files = [];

    public void Dispose() => files.ForEach(File.Delete);

    [Fact]
    public async Task A_flood_of_one_pod_leaves_half_of_the_descriptors_to_another_and_the_control_plane_works_on()
    {
        await mesh.RestartAsync(descriptors: 700);
        var limit = await mesh.ReadAsync("connections", "limit");
        Assert.InRange(limit, 50, 100);
        var share = await mesh.ReadAsync("connections", "limitPerWorkload");
        Assert.Equal(limit - (limit / 2), share);
        var (swarm, standing, goOn) = await SwarmAsync(mesh.Flooder, 200);
        Assert.Equal((share, share), (standing, await mesh.ReadAsync("connections", "used")));
        Assert.InRange(await mesh.ReadAsync("connections", "refused"), 200 - share, int.MaxValue);
        Assert.NotNull((await mesh.Lab.AwaitFlowAsync(TimeSpan.FromSeconds(5), "too-many-connections", "default/flooder")).Line);

        await mesh.ConnectsAsync(mesh.Quiet, 5);
        var second = await SwarmAsync(mesh.Quiet, 200);
        Assert.Equal(limit - share - ((limit - share) / 2), second.Standing);
        await ProveControlPlaneAsync();

        await EndAsync(second.Swarm, second.GoOn);
        await EndAsync(swarm, goOn);
        await mesh.ConnectsAsync(mesh.Quiet, 5);
    }

    [Fact]
    public async Task Below_at_and_above_its_share_a_pod_leaves_another_the_half_of_the_rest()
    {
        await mesh.RestartAsync(descriptors: null, "--max-connections-total", "10");
        foreach (var (wanted, expected, left) in new[] { (4, 4, 3), (5, 5, 3), (6, 5, 3) })
        {
            Assert.True(await Wait.UntilAsync(async () => await mesh.ReadAsync("connections", "used") == 0, TimeSpan.FromSeconds(10)));
            var (swarm, standing, goOn) = await SwarmAsync(mesh.Flooder, wanted);
            Assert.Equal(expected, standing);
            var second = await SwarmAsync(mesh.Quiet, 10);
            Assert.Equal(left, second.Standing);
            await EndAsync(second.Swarm, second.GoOn);
            await EndAsync(swarm, goOn);
        }
    }

    [Fact]
    public async Task At_the_limit_of_the_process_the_next_connection_is_reset()
    {
        await mesh.RestartAsync(descriptors: null, "--max-connections-total", "1");
        Assert.True(await Wait.UntilAsync(async () => await mesh.ReadAsync("connections", "used") == 0, TimeSpan.FromSeconds(10)));
        var (swarm, standing, goOn) = await SwarmAsync(mesh.Flooder, 1);
        var second = await SwarmAsync(mesh.Quiet, 1);
        Assert.Equal((1, 0), (standing, second.Standing));
        Assert.NotNull((await mesh.Lab.AwaitFlowAsync(TimeSpan.FromSeconds(5), "out-of-resources", "default/quiet")).Line);
        await EndAsync(second.Swarm, second.GoOn);
        await EndAsync(swarm, goOn);
        await mesh.ConnectsAsync(mesh.Quiet, 5);
    }

    [Fact]
    public async Task Without_a_descriptor_left_connections_are_reset_and_nobody_hangs_and_it_recovers()
    {
        // The process counts on more than it has: it is the kernel that refuses.
        await mesh.RestartAsync(descriptors: null);
        await LimitDescriptorsAsync(await mesh.ReadAsync("descriptors", "used") + 40);
        var (swarm, standing, goOn) = await SwarmAsync(mesh.Flooder, 200);
        await LimitDescriptorsAsync(await HardLimitAsync());

        Assert.InRange(standing, 1, 25);
        Assert.False(mesh.Lab.Nodes[0].Proxy!.HasExited);
        Assert.DoesNotContain("bug", mesh.Lab.Nodes[0].Proxy!.Log);

        await EndAsync(swarm, goOn);
        await mesh.ConnectsAsync(mesh.Quiet, 5);
    }

    [Fact]
    public async Task Without_a_descriptor_left_a_client_of_the_admin_server_waits_and_costs_nothing()
    {
        await mesh.RestartAsync(descriptors: null);
        var node = mesh.Lab.Nodes[0];
        await LimitDescriptorsAsync(await mesh.ReadAsync("descriptors", "used") + 40);
        var (swarm, _, goOn) = await SwarmAsync(mesh.Flooder, 200);
        var alone = await SpendAsync();
        // The first one may still find a descriptor.
        var waiting = Enumerable.Range(0, 3).Select(_ => node.RunAsync("curl", "-qsS", "--noproxy", "*", "--max-time", "6", "telnet://127.0.0.1:15020")).ToArray();
        await SpendAsync();
        var beside = await SpendAsync();
        await LimitDescriptorsAsync(await HardLimitAsync());

        TestContext.Current.TestOutputHelper?.WriteLine($"CPU time in 2 s: {alone.TotalMilliseconds:F0} ms alone, {beside.TotalMilliseconds:F0} ms while clients wait");
        Assert.InRange(beside, TimeSpan.Zero, alone + TimeSpan.FromMilliseconds(200));
        await Task.WhenAll(waiting);
        await EndAsync(swarm, goOn);
        await mesh.ReadAsync("connections", "used");
    }

    [Theory]
    [InlineData(512, 9000)]
    [InlineData(8, 9001)]
    public async Task A_thousand_stalled_readers_take_no_more_than_is_stated(int mebibytes, int port)
    {
        const int count = 1000;
        await mesh.RestartAsync(descriptors: null, "--max-buffer-memory", $"{mebibytes}");
        foreach (var pod in (LabPod[])[mesh.Server, mesh.Flooder])
            (await pod.RunAsync("sh", "-c", "for f in rmem wmem; do echo 4096 16384 65536 > /proc/sys/net/ipv4/tcp_$f; done")).Require();
        await BoundedMesh.ServeAsync(mesh.Server, "source", port, StalledBytes);
        var before = mesh.Lab.Nodes[0].Usage().ResidentKiB;
        var goOn = NewFile();
        var client = mesh.Flooder.Start(mesh.Command("stall", port, $"{count}", goOn));
        await client.WaitForLogAsync($"not reading {count}", TimeSpan.FromMinutes(1));

        // Whoever was not ended holds one buffer. Who reads a byte or an end takes one for a moment, for which one more connection may end.
        var (most, fewestEnded) = (Math.Min(count * 32L, mebibytes * 1024L), Math.Max(0, count - (mebibytes * 32)));
        var (used, ended) = (0L, 0L);
        var isReached = await Wait.UntilAsync(async () =>
        {
            (ended, used) = (await mesh.ReadAsync("bufferKiB", "endedForOthers"), await mesh.ReadAsync("bufferKiB", "used"));
            return used <= most && used == (count - ended) * 32;
        }, TimeSpan.FromSeconds(30));
        Assert.True(isReached, $"{used} KiB used, {ended} ended");
        Assert.InRange(ended, fewestEnded, fewestEnded + (fewestEnded / 50));
        var grown = mesh.Lab.Nodes[0].Usage().ResidentKiB - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} stalled, limit {mebibytes} MiB: {used} KiB of buffers, resident memory grew by {grown} KiB, {ended} ended for others");
        Assert.InRange(grown, 0, most + (count * 32) + (16 << 10));
        await mesh.ConnectsAsync(mesh.Quiet, 10);
        await EndAsync(client, goOn);
    }

    [Fact]
    public async Task As_many_questions_are_held_as_may()
    {
        await mesh.RestartAsync(descriptors: null, "--max-held-questions", "5", "--hold-timeout", "3000");
        foreach (var (asked, held) in new[] { (4, 4), (5, 5), (8, 5) })
        {
            Flood(asked);
            Assert.True(await Wait.UntilAsync(async () => await mesh.ReadAsync("questions", "held") == held, TimeSpan.FromSeconds(3)));
            Assert.True(await Wait.UntilAsync(async () => await mesh.ReadAsync("questions", "held") == 0, TimeSpan.FromSeconds(15)));
        }
    }

    [Fact]
    public async Task A_flood_of_first_packets_from_one_pod_does_not_delay_another()
    {
        await mesh.RestartAsync(descriptors: null);
        var alone = await mesh.ConnectsAsync(mesh.Quiet, 20);
        var isOver = false;
        var sent = 0L;
        var flood = Task.Factory.StartNew(() =>
        {
            for (; !Volatile.Read(ref isOver); sent += 1000)
                Flood(1000);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(await Wait.UntilAsync(() => Volatile.Read(ref sent) > 5000, TimeSpan.FromSeconds(10)));
        var beside = await mesh.ConnectsAsync(mesh.Quiet, 20);
        Assert.InRange(await mesh.ReadAsync("questions", "held"), 1, 256);
        Volatile.Write(ref isOver, true);
        await flood;
        TestContext.Current.TestOutputHelper?.WriteLine($"20 connections of another pod: alone {alone.TotalMilliseconds:F0} ms, beside {sent} first packets {beside.TotalMilliseconds:F0} ms");
        // A single first packet that is lost would cost a second by itself.
        Assert.InRange(beside, TimeSpan.Zero, alone + TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_flood_of_connections_from_one_pod_stops_at_its_cap_and_does_not_delay_another()
    {
        await mesh.RestartAsync(descriptors: null, "--max-connections", "100");
        var alone = await mesh.ConnectsAsync(mesh.Quiet, 20);
        var goOn = NewFile();
        var flood = mesh.Flooder.Start([Peer.Program, "peer", "swarm", mesh.Victim.IPv4, $"{BoundedMesh.Port}", "2000", goOn]);
        Assert.True(await Wait.UntilAsync(async () => await mesh.ReadAsync("connections", "used") > 20, TimeSpan.FromSeconds(20)));
        var beside = await mesh.ConnectsAsync(mesh.Quiet, 20);
        await flood.WaitForLogAsync("standing 100 of 2000");
        TestContext.Current.TestOutputHelper?.WriteLine($"20 connections of another pod: alone {alone.TotalMilliseconds:F0} ms, beside a flood {beside.TotalMilliseconds:F0} ms");
        Assert.InRange(beside, TimeSpan.Zero, alone + TimeSpan.FromSeconds(5));
        await EndAsync(flood, goOn);
    }

    [Fact]
    public async Task A_flood_of_handshakes_from_one_pod_does_not_delay_another()
    {
        await mesh.RestartAsync(descriptors: null);
        var alone = await mesh.ConnectsAsync(mesh.FarQuiet, 10);
        var goOn = NewFile();
        var flood = mesh.FarFlooder.Start(mesh.Command("swarm", BoundedMesh.Port, "800", goOn));
        Assert.True(await Wait.UntilAsync(async () => await mesh.ReadAsync("connections", "used") > 20, TimeSpan.FromSeconds(20)));
        var beside = await mesh.ConnectsAsync(mesh.FarQuiet, 10);
        var standing = flood.Log.Contains("standing", StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine($"10 connections of another pod: alone {alone.TotalMilliseconds:F0} ms, beside 800 handshakes {beside.TotalMilliseconds:F0} ms{(standing ? ", which ended meanwhile" : "")}");
        Assert.InRange(beside, TimeSpan.Zero, alone + TimeSpan.FromSeconds(5));
        await flood.WaitForLogAsync(" of 800", TimeSpan.FromMinutes(1));
        await EndAsync(flood, goOn);
    }

    /// <summary>Everything that needs descriptors of its own, while connections have taken all that is theirs.</summary>
    private async Task ProveControlPlaneAsync()
    {
        await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Mesh.Policy("nobody", "at-the-limit")));
        var late = await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[0], "late", Mesh.ClientOptions);
        await mesh.Lab.SettleAsync();
        await mesh.Lab.AwaitSvidAsync(late, isHeld: true);
        (await mesh.Lab.ObserveAsync("--last", "1")).Require();
        await mesh.Lab.DeletePodAsync(late);
        await mesh.Lab.ChangeAsync(() => mesh.Lab.RemovePolicy("at-the-limit"));
    }

    /// <summary>CPU time of the daemon in two seconds.</summary>
    private async Task<TimeSpan> SpendAsync()
    {
        var before = mesh.Lab.Nodes[0].Usage().Cpu;
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        return mesh.Lab.Nodes[0].Usage().Cpu - before;
    }

    private async Task LimitDescriptorsAsync(long count) =>
        (await mesh.Lab.Nodes[0].RunAsync("prlimit", "--pid", $"{mesh.Lab.Nodes[0].Proxy!.Pid}", $"--nofile={count}:")).Require();

    private async Task<long> HardLimitAsync()
    {
        var answer = (await mesh.Lab.Nodes[0].RunAsync("prlimit", "--pid", $"{mesh.Lab.Nodes[0].Proxy!.Pid}", "--nofile", "--noheadings", "--output", "HARD")).Require();
        return long.Parse(answer.Output, System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task<(LabProcess Swarm, long Standing, string GoOn)> SwarmAsync(LabPod client, int count)
    {
        var goOn = NewFile();
        var swarm = client.Start(mesh.Command("swarm", BoundedMesh.Port, $"{count}", goOn));
        await swarm.WaitForLogAsync($" of {count}", TimeSpan.FromSeconds(20));
        var line = swarm.Log.Split('\n').First(text => text.StartsWith("standing", StringComparison.Ordinal));
        return (swarm, long.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), goOn);
    }

    private static async Task EndAsync(LabProcess client, string goOn)
    {
        await File.WriteAllTextAsync(goOn, "");
        await client.WaitForExitAsync(TimeSpan.FromMinutes(1));
    }

    private string NewFile()
    {
        files.Add(Path.Combine(mesh.Flooder.Files, $"go-on-{Guid.NewGuid()}"));
        return files[^1];
    }

    /// <summary>First packets to an address of the pod range where no pod is known.</summary>
    private void Flood(int count)
    {
        using var place = NetworkNamespace.Open(mesh.Flooder.NetworkNamespace);
        try
        {
            SynFlood.Send(place, IPAddress.Parse(mesh.Flooder.IPv4), IPAddress.Parse("10.0.1.249"), count);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
        {
            // The pod's queue in the kernel is full: that is its limit at work.
        }
    }
}
