using System.Text.RegularExpressions;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>openssl with the address of an enrolled pod and without its capture: what the certificate says must decide.</summary>
public abstract class StrangerTests(Mesh mesh) : IAsyncLifetime
{
    private static readonly TimeSpan FlowLimit = TimeSpan.FromSeconds(5);
    private PodTwin twin = null!;
    private NginxServer nginx = null!;
    private TestAuthority issuer = null!;

    private string Client => mesh.Lab.SpiffeIdOf("far");

    public async ValueTask InitializeAsync()
    {
        nginx = await NginxServer.StartAsync(mesh.Server, NginxServer.Demo);
        issuer = TestAuthority.OfIssuer(mesh.Lab.IssuerState, mesh.Far.Files);
        twin = await mesh.Far.CreateTwinAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await twin.DisposeAsync();
        await nginx.Process.StopAsync();
    }

    [Fact]
    public async Task The_pods_own_svid_is_accepted()
    {
        var answer = await AskAsync("own", issuer.Issue(Client));

        Assert.Contains("200 OK", answer.Output);
        Assert.True(await nginx.AwaitRequestAsync($"{mesh.Far.IPv4} GET /own 200"));
    }

    [Fact]
    public async Task Every_wrong_certificate_is_refused_with_a_reason_of_its_own()
    {
        var stranger = TestAuthority.Stranger(mesh.Far.Files);
        var reasons = new Dictionary<string, string>
        {
            ["none"] = await RefusedAsync("none", null),
            ["other-authority"] = await RefusedAsync("other-authority", stranger.Issue(Client)),
            ["expired"] = await RefusedAsync("expired", issuer.IssueExpired(Client)),
            ["two-names"] = await RefusedAsync("two-names", issuer.Issue(Client, mesh.Lab.SpiffeIdOf("near"))),
            ["other-workload"] = await RefusedAsync("other-workload", issuer.Issue(mesh.Lab.SpiffeIdOf("near"))),
        };

        Assert.Equal(reasons.Count, reasons.Values.Distinct().Count());
        Assert.All(reasons.Values, reason => Assert.Contains(reason, mesh.Lab.Nodes[1].Proxy!.Log));
    }

    [Fact]
    public async Task A_certificate_that_names_addresses_to_fetch_from_is_refused_and_nothing_is_fetched()
    {
        // On the server's node and in reach of its proxy: a fetch would arrive.
        var web = await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[1], "web", new() { IsEnrolled = false });
        var page = await NginxServer.StartAsync(web, NginxServer.Demo);
        (await mesh.Lab.Nodes[1].RunAsync("curl", "-qsS", "--noproxy", "*", $"http://{web.IPv4}/reachable")).Require();

        var reason = await RefusedAsync("addresses", TestAuthority.Stranger(mesh.Far.Files).IssueWithAddresses(web.IPv4, Client));

        Assert.Equal("peer-issuer-not-fetched", reason);

        Assert.True(await page.AwaitRequestAsync($"{mesh.Lab.Nodes[1].IPv4} GET /reachable 200"));
        Assert.Single(page.Requests());
    }

    [Fact]
    public async Task Plaintext_from_the_address_of_an_enrolled_pod_is_refused()
    {
        var answer = await twin.RunAsync(
            ["curl", "-qsS", "--noproxy", "*", "--connect-timeout", "2", "--max-time", "15", $"http://{mesh.Server.IPv4}/plaintext"]);

        Assert.False(answer.Succeeded, answer.ToString());
        AssertUnseen("plaintext");
    }

    /// <summary>Asks with a certificate that must be refused; returns the reason that `observe` gives.</summary>
    private async Task<string> RefusedAsync(string path, string? certificate)
    {
        var before = (await ReasonsAsync()).Count;
        var answer = await AskAsync(path, certificate);
        Assert.DoesNotContain("200 OK", answer.Output);
        AssertUnseen(path);
        IReadOnlyList<string> reasons = [];
        await Wait.UntilAsync(async () => (reasons = await ReasonsAsync()).Count > before, FlowLimit);
        Assert.True(reasons.Count > before, $"no flow gives a reason for {path}:\n{answer}");
        return reasons[^1];
    }

    private async Task<IReadOnlyList<string>> ReasonsAsync()
    {
        var flows = await mesh.Lab.ObserveAsync("--last", "4000", "--from-pod", "default/far");
        return [.. Regex.Matches(flows.Output, @"DROPPED \([^)]*; Reason: ([^)]+)\)").Select(match => match.Groups[1].Value)];
    }

    private Task<CommandResult> AskAsync(string path, string? certificate)
    {
        string[] identity = certificate is null ? [] : ["-cert", certificate, "-key", certificate];
        return twin.RunAsync(
            ["timeout", "15", "openssl", "s_client", "-connect", $"{mesh.Server.IPv4}:80", "-tls1_3", "-quiet", "-ign_eof", "-noservername",
                "-CAfile", issuer.WriteAuthority(), .. identity],
            $"GET /{path} HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n");
    }

    private void AssertUnseen(string path) =>
        Assert.DoesNotContain(nginx.Requests(), request => request.Contains($"/{path}", StringComparison.Ordinal));
}
