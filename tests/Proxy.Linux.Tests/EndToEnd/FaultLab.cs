using Lab;
using Lab.Faults;
using Lab.Traffic;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Two nodes with servers and clients of all kinds of conversations.</summary>
public abstract class FaultLab(LabOptions options) : IAsyncLifetime
{
    internal FaultMesh Mesh { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        var lab = await LabCluster.CreateAsync(options);
        try
        {
            Mesh = await FaultMesh.CreateAsync(lab);
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Mesh is not null)
        {
            await Mesh.Lab.DisposeAsync();
        }
    }

    /// <summary>Starts a client that talks to the server on the other node, and waits until every kind of exchange has succeeded.</summary>
    internal async Task<TrafficRun> TalkAsync()
    {
        var run = TrafficRun.Start(Mesh.Far, Mesh.Server.IPv4, Mesh.Server.IPv6);
        var stands = await Wait.UntilAsync(() => run.Kinds(_ => true).Count == TrafficRun.AllKinds, TimeSpan.FromSeconds(60));
        return stands ? run : throw new LabException($"not every kind of exchange succeeds:\n{run.Process.Log}");
    }
}
