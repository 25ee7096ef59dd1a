namespace Proxy.Linux.Tests.EndToEnd;

public abstract class HalfCloseTests(Mesh mesh)
{
    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_server_answers_after_the_client_has_ended_its_upload(Placement placement)
    {
        var port = mesh.NextPort();
        var server = await mesh.ServeAsync("answer", port);

        var result = await mesh.AskAsync(placement, "upload", port, "3000000");

        Assert.True(result.Succeeded, result.ToString());
        await server.WaitForLogAsync($"connection from {mesh.AddressOf(mesh.Client(placement))} ended: eof received 3000000");
    }

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task An_empty_upload_is_answered_too(Placement placement)
    {
        var port = mesh.NextPort();
        await mesh.ServeAsync("answer", port);

        var result = await mesh.AskAsync(placement, "upload", port, "0");

        Assert.True(result.Succeeded, result.ToString());
    }

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_server_that_ends_first_delivers_all_it_sent(Placement placement)
    {
        var port = mesh.NextPort();
        var server = await mesh.ServeAsync("source", port, 3_000_000);

        var result = await mesh.AskAsync(placement, "download", port, "3000000");

        Assert.True(result.Succeeded, result.ToString());
        await server.WaitForLogAsync("ended: eof");
    }
}
