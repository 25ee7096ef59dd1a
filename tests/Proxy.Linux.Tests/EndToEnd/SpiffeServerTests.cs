using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Our proxy as client of a server that is not ours: openssl in the place of an enrolled pod.</summary>
public abstract class SpiffeServerTests(Mesh mesh)
{
    [Fact]
    public async Task Openssl_accepts_the_client_pods_svid()
    {
        var issuer = TestAuthority.OfIssuer(mesh.Lab.IssuerState, mesh.Server.Files);
        await using var twin = await mesh.Server.CreateTwinAsync();
        var server = await ServeAsync(twin, issuer, issuer.Issue(mesh.Lab.SpiffeIdOf("server")), 80);

        var answer = await Curl.AskAsync(mesh.Far, $"http://{mesh.Server.IPv4}/");

        Assert.True(answer.Status == 200, $"{answer}\n{server.Log}");
        Assert.Contains("TLSv1.3", answer.Body);
        await server.StopAsync();
    }

    [Fact]
    public async Task A_server_with_another_workloads_svid_is_refused()
    {
        var issuer = TestAuthority.OfIssuer(mesh.Lab.IssuerState, mesh.Server.Files);
        await using var twin = await mesh.Server.CreateTwinAsync();
        var server = await ServeAsync(twin, issuer, issuer.Issue(mesh.Lab.SpiffeIdOf("near")), 80);

        var answer = await Curl.AskAsync(mesh.Far, $"http://{mesh.Server.IPv4}/");

        Assert.NotEqual(0, answer.ExitCode);
        await server.StopAsync();
    }

    [Fact]
    public async Task A_server_of_another_authority_is_refused()
    {
        var stranger = TestAuthority.Stranger(mesh.Server.Files);
        await using var twin = await mesh.Server.CreateTwinAsync();
        var server = await ServeAsync(twin, stranger, stranger.Issue(mesh.Lab.SpiffeIdOf("server")), 80);

        var answer = await Curl.AskAsync(mesh.Far, $"http://{mesh.Server.IPv4}/");

        Assert.NotEqual(0, answer.ExitCode);
        await server.StopAsync();
    }

    private static async Task<LabProcess> ServeAsync(PodTwin twin, TestAuthority authority, string certificate, int port)
    {
        var server = twin.Start(
            "openssl", "s_server", "-accept", $"{port}", "-tls1_3", "-cert", certificate, "-key", certificate,
            "-CAfile", authority.WriteAuthority(), "-Verify", "1", "-verify_return_error", "-www");
        await server.WaitForLogAsync("ACCEPT");
        return server;
    }
}
