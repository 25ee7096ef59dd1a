namespace Proxy.Linux.Tests.EndToEnd;

public abstract class BulkTransferTests(Mesh mesh)
{
    private const long GiB = 1L << 30;

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_gibibyte_arrives_at_the_server_unchanged(Placement placement)
    {
        var port = mesh.NextPort();
        await mesh.ServeAsync("answer", port);

        var result = await mesh.AskAsync(placement, "upload", port, $"{GiB}");

        Assert.True(result.Succeeded, result.ToString());
    }

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_gibibyte_arrives_at_the_client_unchanged(Placement placement)
    {
        var port = mesh.NextPort();
        await mesh.ServeAsync("source", port, GiB);

        var result = await mesh.AskAsync(placement, "download", port, $"{GiB}");

        Assert.True(result.Succeeded, result.ToString());
    }
}
