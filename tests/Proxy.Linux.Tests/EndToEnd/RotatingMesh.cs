using Lab;
using Lab.Traffic;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Two nodes whose identities come from a source in the hands of the test; a server, and a client on either node.</summary>
public sealed class RotatingMesh : IAsyncLifetime
{
    /// <summary>A server that echoes lines.</summary>
    public const int EchoPort = 9005;

    /// <summary>A server that takes whatever comes.</summary>
    public const int SinkPort = 9006;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public LabCluster Lab { get; private set; } = null!;

    public LabPod Server { get; private set; } = null!;

    public LabPod Far { get; private set; } = null!;

    public LabPod Near { get; private set; } = null!;

    internal RotatingDelegate Source { get; private set; } = null!;

    public LabPod Client(Placement placement) => placement == Placement.BetweenNodes ? Far : Near;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        Lab = await LabCluster.CreateAsync();
        try
        {
            var socket = Path.Combine(Lab.Directory.FullPath, "delegate.sock");
            Source = await RotatingDelegate.StartAsync(socket);
            Lab.IdentityArguments = ["--identity", $"delegated:{socket}"];
            Server = await Lab.AddPodAsync(Lab.Nodes[1], "server", PodOptions.WithLabels(("app", "server")));
            Far = await Lab.AddPodAsync(Lab.Nodes[0], "far", Mesh.ClientOptions);
            Near = await Lab.AddPodAsync(Lab.Nodes[1], "near", Mesh.ClientOptions);
            Lab.ApplyPolicy(Mesh.Policy("client"));
            await Task.WhenAll(Lab.Nodes.Select(node => node.StartProxyAsync()));
            await Lab.SettleAsync();
            await TrafficRun.ServeAsync(Server);
            await BoundedMesh.ServeAsync(Server, "echo", EchoPort);
            await BoundedMesh.ServeAsync(Server, "watch", SinkPort);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Changes SVIDs, and waits until both node-proxies have all the new ones.</summary>
    internal async Task RotateAsync(Action<RotatingDelegate> change)
    {
        var former = Source.Serials;
        change(Source);
        var has = await Wait.UntilAsync(async () => !Source.Serials.Intersect(former).Any() && await HaveAllAsync(), Limit);
        Assert.True(has, "the new SVIDs are not in force at both nodes");
    }

    /// <summary>Changes the bundle, and waits until both node-proxies have it.</summary>
    internal async Task PublishAsync(Action<RotatingDelegate> change)
    {
        var before = await Task.WhenAll(Lab.Nodes.Select(global::Lab.DaemonStatus.ReadAsync));
        change(Source);
        await Task.WhenAll(Lab.Nodes.Zip(before, (node, status) => global::Lab.DaemonStatus.AwaitIdentitiesAsync(node, status.IdentityRevision)));
    }

    public async ValueTask DisposeAsync()
    {
        if (Lab is not null)
            await Lab.DisposeAsync();
        if (Source is not null)
            await Source.DisposeAsync();
    }

    private async Task<bool> HaveAllAsync()
    {
        var held = await Task.WhenAll(Lab.Nodes.Select(global::Lab.DaemonStatus.ReadAsync));
        return Source.Serials.All(serial => held.Any(status => status.Serials.Contains(serial)));
    }
}
