namespace Proxy.Linux.Tests.EndToEnd;

public abstract class RefusedPortTests(Mesh mesh)
{
    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_port_on_which_nobody_listens_is_never_a_success_to_the_client(Placement placement)
    {
        var result = await mesh.AskAsync(placement, "greet", mesh.NextPort());

        Assert.Equal(1, result.ExitCode);
        Assert.Matches("closed: Connection(Reset|Refused)", result.Output);
    }
}
