using Lab;
using Lab.Faults;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>A daemon whose descriptors run out.</summary>
public abstract class DescriptorTests(Mesh mesh)
{
    /// <summary>From too few for one connection to enough: in between they run out at every step of its story.</summary>
    private const int Fewest = 1, Most = 12;

    [Fact]
    public async Task A_daemon_that_had_none_for_its_first_connections_serves_when_it_has_some_again()
    {
        await NginxServer.StartAsync(mesh.Server, NginxServer.Demo);
        foreach (var node in mesh.Lab.Nodes)
        {
            await node.StopProxyAsync();
            await node.StartProxyAsync();
        }

        await mesh.Lab.SettleAsync();
        var before = mesh.Lab.Nodes.Select(NeedsOf).ToArray();
        var url = $"http://{mesh.Server.IPv4}/";
        var limits = await SqueezeAsync(Fewest);
        Assert.NotEqual(0, (await Curl.AskAsync(mesh.Far, url)).ExitCode);
        Assert.NotEqual(0, (await Curl.AskAsync(mesh.Near, url)).ExitCode);
        for (var spare = Fewest + 1; spare <= Most; spare++)
        {
            await SqueezeAsync(spare);
            await Curl.AskAsync(mesh.Far, url);
        }

        foreach (var limit in limits)
        {
            await limit.RestoreAsync();
        }

        Assert.True(await ServesAsync(mesh.Far, url), mesh.Lab.Nodes[0].Proxy!.Log);
        Assert.True(await ServesAsync(mesh.Near, url), mesh.Lab.Nodes[1].Proxy!.Log);
        var bugs = string.Join('\n', mesh.Lab.Nodes.SelectMany(node => node.Proxy!.Log.Split('\n').Where(line => line.Contains("bug in", StringComparison.Ordinal))));
        Assert.True(bugs.Length == 0, bugs);
        foreach (var (node, needs) in mesh.Lab.Nodes.Zip(before))
        {
            Assert.Empty(NeedsOf(node).Except(needs));
        }
    }

    // To start a thread, and to load an assembly, the runtime needs descriptors, and does not get over it if there are none.
    private static HashSet<string> NeedsOf(LabNode node)
    {
        var process = $"/proc/{node.Proxy!.Pid}";
        var code = File.ReadLines($"{process}/maps").Where(line => line.EndsWith(".dll", StringComparison.Ordinal)).Select(line => Path.GetFileName(line));
        var threads = Directory.GetDirectories($"{process}/task").Select(thread => $"thread {Path.GetFileName(thread)}, {File.ReadAllText($"{thread}/comm").Trim()}");
        return [.. code, .. threads];
    }

    private Task<DescriptorLimit[]> SqueezeAsync(int spare) =>
        Task.WhenAll(mesh.Lab.Nodes.Select(node => DescriptorLimit.SqueezeAsync(node, spare)));

    // What the exhaustion itself has held up may take a moment to pass.
    private static Task<bool> ServesAsync(LabPod client, string url) =>
        Wait.UntilAsync(async () => (await Curl.AskAsync(client, url)).IsOk, TimeSpan.FromSeconds(30));
}
