using System.Diagnostics;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>The maximum age, with SVIDs of a few seconds: rotation does not cut a connection, its age does.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class OutlivedTests : IAsyncLifetime
{
    private const int Life = 6;
    private const int PastExpiry = 3;

    private LabCluster lab = null!;
    private LabPod server = null!;
    private LabPod far = null!;
    private LabPod near = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        lab = await LabCluster.CreateAsync(new LabOptions { SvidLife = $"{Life}s" });
        server = await lab.AddPodAsync(lab.Nodes[1], "server", PodOptions.WithLabels(("app", "server")));
        far = await lab.AddPodAsync(lab.Nodes[0], "far", Mesh.ClientOptions);
        near = await lab.AddPodAsync(lab.Nodes[1], "near", Mesh.ClientOptions);
        lab.ApplyPolicy(Mesh.Policy("client"));
        await lab.StartAsync("--max-age-past-expiry", $"{PastExpiry}");
        await lab.SettleAsync();
        await BoundedMesh.ServeAsync(server, "echo", BoundedMesh.Port);
    }

    public async ValueTask DisposeAsync()
    {
        if (lab is not null)
            await lab.DisposeAsync();
    }

    [Fact]
    public async Task A_connection_outlives_its_SVIDs_up_to_the_maximum_age_and_the_next_one_succeeds()
    {
        var started = Stopwatch.GetTimestamp();
        LabProcess[] clients = [Talk(far), Talk(near)];
        await Task.WhenAll(clients.Select(client => client.WaitForLogAsync("answered hello")));

        await Task.WhenAll(clients.Select(client => client.WaitForExitAsync(TimeSpan.FromSeconds(60))));
        var took = Stopwatch.GetElapsedTime(started);

        Assert.All(clients, client => Assert.Contains("closed: ConnectionReset", client.Log));
        // An SVID is replaced at half of its life, so one that is used has more than that left; certificates count in seconds.
        Assert.InRange(took, TimeSpan.FromSeconds((Life / 2) - 1 + PastExpiry), TimeSpan.FromSeconds(30));
        Assert.Contains("svid-outlived", lab.Nodes[1].Proxy!.Log);
        foreach (var pod in (LabPod[])[far, near])
            (await pod.RunAsync([Peer.Program, "peer", "connects", server.IPv4, $"{BoundedMesh.Port}", "3"], TimeSpan.FromMinutes(1))).Require();
    }

    private LabProcess Talk(LabPod pod) => pod.Start(Peer.Program, "peer", "idle", server.IPv4, $"{BoundedMesh.Port}");
}
