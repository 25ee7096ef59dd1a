namespace Proxy.Linux.Tests.EndToEnd;

public abstract class ServerFirstTests(Mesh mesh)
{
    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_server_that_speaks_first_is_heard(Placement placement)
    {
        var port = mesh.NextPort();
        await mesh.ServeAsync("speak-first", port);

        var result = await mesh.AskAsync(placement, "greet", port);

        Assert.True(result.Succeeded, result.ToString());
        Assert.StartsWith("220 ready", result.Output);
    }
}
