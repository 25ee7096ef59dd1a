using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Without a proxy: what is refused elsewhere must not be refused because the test's own certificates are bad.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class TestAuthorityTests
{
    [Fact]
    public async Task Openssl_accepts_what_the_authority_signs_and_refuses_what_has_expired()
    {
        await using var lab = await LabCluster.CreateAsync();
        var server = await lab.AddPodAsync(lab.Nodes[1], "server");
        var client = await lab.AddPodAsync(lab.Nodes[0], "client");
        var authority = TestAuthority.Stranger(server.Files);
        var (root, leaf) = (authority.WriteAuthority(), authority.Issue("spiffe://cluster.local/ns/default/sa/server"));
        var listener = server.Start(
            "openssl", "s_server", "-accept", "80", "-tls1_3", "-cert", leaf, "-key", leaf, "-CAfile", root, "-Verify", "1", "-verify_return_error", "-www");
        await listener.WaitForLogAsync("ACCEPT");

        var good = await AskAsync(client, server, root, authority.Issue("spiffe://cluster.local/ns/default/sa/client"));
        var expired = await AskAsync(client, server, root, authority.IssueExpired("spiffe://cluster.local/ns/default/sa/client"));
        var addresses = await AskAsync(client, server, root, authority.IssueWithAddresses(client.IPv4, "spiffe://cluster.local/ns/default/sa/client"));

        Assert.Contains("200 ok", good.Output);
        Assert.Contains("200 ok", addresses.Output);
        Assert.DoesNotContain("200 ok", expired.Output);
    }

    private static Task<CommandResult> AskAsync(LabPod client, LabPod server, string root, string certificate) => client.RunAsync(
        ["timeout", "15", "openssl", "s_client", "-connect", $"{server.IPv4}:80", "-tls1_3", "-quiet", "-ign_eof", "-noservername",
            "-CAfile", root, "-cert", certificate, "-key", certificate, "-verify_return_error"],
        TimeSpan.FromSeconds(30),
        "GET / HTTP/1.0\r\n\r\n");
}
