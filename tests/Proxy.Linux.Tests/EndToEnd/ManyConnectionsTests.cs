namespace Proxy.Linux.Tests.EndToEnd;

public abstract class ManyConnectionsTests(Mesh mesh)
{
    private const string Count = "2000";

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task Two_thousand_connections_stand_at_once(Placement placement)
    {
        var port = mesh.NextPort();
        await mesh.ServeAsync("echo", port);

        var result = await mesh.AskAsync(placement, "swarm", port, Count);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Contains($"standing {Count} of {Count}", result.Output);
        Assert.Contains($"answered {Count} of {Count}", result.Output);
    }
}
