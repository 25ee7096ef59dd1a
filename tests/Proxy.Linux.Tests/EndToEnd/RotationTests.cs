using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Rotation under load, and what ends live connections all the same: real node-proxies, a source that the test owns.</summary>
[Collection(EndToEndCollection.Name)]
public sealed partial class RotationTests(RotatingMesh mesh, ITestOutputHelper output) : IClassFixture<RotatingMesh>
{
    /// <summary>For a longer run: so many leaf rotations; a root rotation comes with every twentieth.</summary>
    private const string CountVariable = "ROTATIONS";

    private const int Rate = 200;
    private const int Standing = 50;
    private const int LeavesPerRoot = 20;

    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(1);

    /// <summary>What the test needs to see it, on a busy machine, beside the second that is promised.</summary>
    private static readonly TimeSpan Watching = TimeSpan.FromSeconds(2);

    /// <summary>No faster, so that tunnels are used again in between.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(400);

    /// <summary>Of the time, how much the workers and the load may have waited for a processor on a machine that counts as having had time.</summary>
    private const double Idle = 0.1;

    /// <summary>Of the connections that were due, how many such a machine must have made.</summary>
    private const double Nearly = 0.95;

    private static readonly int Leaves = int.TryParse(Environment.GetEnvironmentVariable(CountVariable), CultureInfo.InvariantCulture, out var given) ? given : 100;

    [Fact]
    public async Task A_hundred_leaf_and_five_root_rotations_fail_no_connection_and_drop_no_byte()
    {
        var opened = await TunnelsOpenedAsync();
        var stopFile = Path.Combine(mesh.Far.Files, "stop-load");
        var load = mesh.Far.Start(Peer.Program, "traffic", "steady", stopFile, mesh.Server.IPv4, $"{Rate}", $"{Standing}");
        await load.WaitForLogAsync("all long connections stand", TimeSpan.FromSeconds(60));

        var (started, waited) = (Stopwatch.GetTimestamp(), Waited(load));
        using var pace = new PeriodicTimer(Pace);
        for (var i = 0; i < Leaves; i++)
        {
            await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            if (i % LeavesPerRoot == 0)
            {
                await mesh.PublishAsync(source => source.AddRoot());
                await mesh.RotateAsync(source => source.SignWithNewestRoot());
            }

            await mesh.RotateAsync(source => source.RotateLeaves());
            Assert.False(load.HasExited, load.Log);
        }

        var took = Stopwatch.GetElapsedTime(started);
        var wait = (Waited(load) - waited) / took;
        await File.WriteAllTextAsync(stopFile, "", TestContext.Current.CancellationToken);
        var code = await load.WaitForExitAsync(TimeSpan.FromMinutes(1));
        var handshakes = await TunnelsOpenedAsync() - opened;
        Assert.True(code == 0, load.Log + mesh.Lab.Nodes[0].Proxy!.Log + mesh.Lab.Nodes[1].Proxy!.Log);
        var sums = Sums().Match(load.Log);
        Assert.True(sums.Success, load.Log);
        var (due, made) = (NumberIn(sums, 1), NumberIn(sums, 2));
        output.WriteLine($"{Leaves} leaf rotations in {took.TotalSeconds:F1} s, {made * Rate / due} of {Rate} connections a second, {handshakes} handshakes, without a processor {wait:P0} of the time\n{load.Log}");

        // Whatever the machine has time for, none failed and there were new handshakes. That they were as many as is asked for, a
        // machine can show whose processors are not all busy with other things.
        Assert.InRange(made, Leaves, due);
        Assert.InRange(handshakes, Leaves, long.MaxValue);
        Assert.True(wait > Idle || made >= Nearly * due, $"{made} of {due} connections");
    }

    [Theory]
    [InlineData(Placement.BetweenNodes, "idle")]
    [InlineData(Placement.BetweenNodes, "flood")]
    [InlineData(Placement.OnOneNode, "idle")]
    [InlineData(Placement.OnOneNode, "flood")]
    public async Task A_root_that_is_removed_cuts_within_a_second_and_one_that_is_added_does_not(Placement placement, string mode)
    {
        var client = await BeginAsync(placement, mode);
        await mesh.PublishAsync(source => source.AddRoot());
        await mesh.RotateAsync(source => source.SignWithNewestRoot());
        var fresh = await BeginAsync(placement, mode);
        Assert.False(client.HasExited, client.Log);

        await CutAsync(client, source => source.ForgetFormerRoots());

        Assert.False(fresh.HasExited, fresh.Log);
        // Whichever node hears of it first; the other one sees the reset.
        Assert.True(await Wait.UntilAsync(() => mesh.Lab.Nodes.Any(node => node.Proxy!.Log.Contains("peer-untrusted", StringComparison.Ordinal)), Watching));
        await fresh.StopAsync();
    }

    [Theory]
    [InlineData(Placement.BetweenNodes, "idle")]
    [InlineData(Placement.BetweenNodes, "flood")]
    [InlineData(Placement.OnOneNode, "idle")]
    [InlineData(Placement.OnOneNode, "flood")]
    public async Task An_entry_that_is_removed_cuts_within_a_second(Placement placement, string mode)
    {
        var account = mesh.Client(placement).ServiceAccount;
        var client = await BeginAsync(placement, mode);
        try
        {
            await CutAsync(client, source => source.Withdraw(account, isWithdrawn: true));
        }
        finally
        {
            mesh.Source.Withdraw(account, isWithdrawn: false);
            await mesh.Lab.AwaitSvidAsync(mesh.Client(placement), isHeld: true);
        }
    }

    private async Task<LabProcess> BeginAsync(Placement placement, string mode)
    {
        var port = mode == "idle" ? RotatingMesh.EchoPort : RotatingMesh.SinkPort;
        var client = mesh.Client(placement).Start(Peer.Program, "peer", mode, mesh.Server.IPv4, $"{port}");
        await client.WaitForLogAsync(mode == "idle" ? "answered hello" : "flowing");
        return client;
    }

    private async Task CutAsync(LabProcess client, Action<RotatingDelegate> change)
    {
        var started = Stopwatch.GetTimestamp();
        change(mesh.Source);
        await client.WaitForExitAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, Promise + Watching);
    }

    private TimeSpan Waited(LabProcess load) => mesh.Lab.Nodes.Aggregate(
        ProcessorWait.OfProcess(load.Pid), (sum, node) => sum + ProcessorWait.OfWorkers(node.Proxy!.Pid));

    private static long NumberIn(Match sums, int group) => long.Parse(sums.Groups[group].Value, CultureInfo.InvariantCulture);

    private async Task<long> TunnelsOpenedAsync() => (await global::Lab.DaemonStatus.ReadAsync(mesh.Lab.Nodes[0])).TunnelsOpened;

    [GeneratedRegex(@"due (\d+) connections (\d+) lines \d+ failed 0 ")]
    private static partial Regex Sums();
}
