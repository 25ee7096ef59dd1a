using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Short connections between two nodes share tunnels, and with them the handshakes.</summary>
public abstract class TunnelReuseTests(Mesh mesh)
{
    private const string Count = "1000";

    /// <summary>One for each worker that may have taken a connection, and one more for a tunnel that had not come to rest yet.</summary>
    private static readonly int Handful = 2 * Environment.ProcessorCount;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_thousand_connections_one_after_another_make_a_handful_of_handshakes(bool ipv6)
    {
        var port = mesh.NextPort();
        await mesh.ServeAsync("echo", port);
        var node = mesh.Far.Node;
        var before = (await global::Lab.DaemonStatus.ReadAsync(node)).TunnelsOpened;

        var result = await mesh.Far.RunAsync(
            [Peer.Program, "peer", "connects", ipv6 ? mesh.Server.IPv6 : mesh.Server.IPv4, $"{port}", Count], TimeSpan.FromMinutes(2));

        Assert.True(result.Succeeded, result.ToString());
        Assert.InRange((await global::Lab.DaemonStatus.ReadAsync(node)).TunnelsOpened - before, 1, Handful);
    }
}
