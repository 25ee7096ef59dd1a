namespace Proxy.Linux.Tests.EndToEnd;

public abstract class StalledReaderTests(Mesh mesh)
{
    private const long Total = 256 << 20;
    private const long MemoryKiB = 64 << 10;

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_client_that_stops_reading_holds_the_server_back_and_nobody_else(Placement placement)
    {
        var (port, other) = (mesh.NextPort(), mesh.NextPort());
        var server = await mesh.ServeAsync("source", port, Total);
        await mesh.ServeAsync("answer", other);
        var before = mesh.Lab.Nodes.Sum(node => node.Usage().ResidentKiB);
        var goOn = Path.Combine(mesh.Client(placement).Files, $"go-on-{placement}");
        var client = mesh.Client(placement).Start(mesh.PeerCommand("download", port, $"{Total}", goOn));
        await client.WaitForLogAsync("stopped reading");

        // A whole transfer beside the stalled one: time enough for the proxies to swallow it, did they read on.
        var beside = await mesh.AskAsync(placement, "upload", other, $"{Total}");

        Assert.True(beside.Succeeded, beside.ToString());
        Assert.DoesNotContain($"sent {Total}", server.Log);
        Assert.InRange(mesh.Lab.Nodes.Sum(node => node.Usage().ResidentKiB) - before, long.MinValue, MemoryKiB);
        await File.WriteAllTextAsync(goOn, "", TestContext.Current.CancellationToken);
        Assert.Equal(0, await client.WaitForExitAsync(TimeSpan.FromMinutes(2)));
    }
}
