namespace Proxy.Linux.Tests.EndToEnd;

public abstract class ResetTests(Mesh mesh)
{
    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_client_that_resets_in_mid_transfer_is_a_reset_to_the_server(Placement placement)
    {
        var port = mesh.NextPort();
        var server = await mesh.ServeAsync("watch", port);

        // More than the kernel's buffers hold: the transfer has reached the server before it breaks off.
        await mesh.AskAsync(placement, "reset", port, "40000000");

        await server.WaitForLogAsync($"connection from {mesh.AddressOf(mesh.Client(placement))} ended: ConnectionReset");
    }

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_server_that_resets_in_mid_transfer_is_a_reset_to_the_client(Placement placement)
    {
        var port = mesh.NextPort();
        await mesh.ServeAsync("reset", port, 2_000_000);

        var result = await mesh.AskAsync(placement, "upload", port, "200000000");

        Assert.Equal(1, result.ExitCode);
        // A sender notices a reset as ECONNRESET or, at its next write, EPIPE.
        Assert.Matches("closed: (ConnectionReset|Shutdown)", result.Output);
    }
}
