using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Two nodes and an issuer whose SPIFFE IDs are the numbers of identities.</summary>
public sealed class NumberedIds : IAsyncLifetime
{
    public LabCluster Lab { get; private set; } = null!;

    public LabPod Server { get; private set; } = null!;

    public LabPod Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        Lab = await LabCluster.CreateAsync(new() { SpiffeIdTemplate = "spiffe://{trustDomain}/identity/{identity}" });
        try
        {
            // One service account: only the labels tell them apart.
            Server = await Lab.AddPodAsync(Lab.Nodes[1], "server", PodOptions.WithLabels(("app", "server")) with { ServiceAccount = "shared" });
            Client = await Lab.AddPodAsync(Lab.Nodes[0], "client", PodOptions.WithLabels(("app", "client")) with { ServiceAccount = "shared" });
            Lab.ApplyPolicy(Mesh.Policy("client"));
            await Lab.StartAsync();
            await Lab.SettleAsync();
        }
        catch
        {
            await Lab.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Lab is not null)
        {
            await Lab.DisposeAsync();
        }
    }
}
