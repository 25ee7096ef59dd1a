using System.Text.Json;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>`spiffe://{trustDomain}/identity/{identity}`: the issuer, both daemons and policy mean the same number.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class NumberedIdTests(NumberedIds lab) : IClassFixture<NumberedIds>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Pods_of_two_nodes_prove_their_numbers_to_each_other()
    {
        var nginx = await NginxServer.StartAsync(lab.Server, NginxServer.Demo);
        var answer = await Curl.AskAsync(lab.Client, $"http://{lab.Server.IPv4}/");
        Assert.True(answer.IsOk, answer.ToString());

        var (client, server) = (await IdOfAsync(0), await IdOfAsync(1));
        Assert.NotEqual(client, server);
        var (line, all) = await lab.Lab.AwaitFlowAsync(Patience, $"(ID:{client})", $"(ID:{server})", "ALLOWED");
        Assert.True(line is not null, all);
        await nginx.Process.StopAsync();
    }

    [Fact]
    public async Task Other_labels_are_another_number_for_issuer_and_peers()
    {
        var nginx = await NginxServer.StartAsync(lab.Server, NginxServer.Demo);
        var before = await IdOfAsync(0);
        await lab.Lab.ChangeAsync(() => lab.Lab.RelabelPod(lab.Client, new Dictionary<string, string> { ["app"] = "client", ["tier"] = "gold" }));

        var after = before;
        Assert.True(await Wait.UntilAsync(async () => (after = await IdOfAsync(0)) != before, Patience));
        var answer = await Curl.AskAsync(lab.Client, $"http://{lab.Server.IPv4}/gold");
        Assert.True(answer.IsOk, $"{answer}\n{lab.Lab.Nodes[1].Proxy!.Log}");
        var (line, all) = await lab.Lab.AwaitFlowAsync(Patience, $"(ID:{after})", "ALLOWED");
        Assert.True(line is not null, all);

        await lab.Lab.ChangeAsync(() => lab.Lab.RelabelPod(lab.Client, new Dictionary<string, string> { ["app"] = "client" }));
        Assert.True(await Wait.UntilAsync(async () => await IdOfAsync(0) == before, Patience));
        await nginx.Process.StopAsync();
    }

    [Fact]
    public async Task The_number_of_another_is_refused()
    {
        var nginx = await NginxServer.StartAsync(lab.Server, NginxServer.Demo);
        var (client, server) = (await IdOfAsync(0), await IdOfAsync(1));
        var issuer = TestAuthority.OfIssuer(lab.Lab.IssuerState, lab.Client.Files);
        await using (var twin = await lab.Client.CreateTwinAsync())
        {
            Assert.Contains("200 OK", await AskAsync(twin, issuer, $"spiffe://cluster.local/identity/{client}"), StringComparison.Ordinal);
            foreach (var wrong in (string[])[$"identity/{server}", $"identity/0{client}", "ns/default/sa/shared"])
                Assert.DoesNotContain("200 OK", await AskAsync(twin, issuer, $"spiffe://cluster.local/{wrong}"), StringComparison.Ordinal);
        }

        var (line, all) = await lab.Lab.AwaitFlowAsync(Patience, "default/client", "Reason: peer-unexpected-id");
        Assert.True(line is not null, all);
        await nginx.Process.StopAsync();
    }

    private async Task<string> AskAsync(PodTwin twin, TestAuthority issuer, string id)
    {
        var certificate = issuer.Issue(id);
        var answer = await twin.RunAsync(
            ["timeout", "15", "openssl", "s_client", "-connect", $"{lab.Server.IPv4}:80", "-tls1_3", "-quiet", "-ign_eof", "-noservername",
                "-CAfile", issuer.WriteAuthority(), "-cert", certificate, "-key", certificate],
            "GET / HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n");
        return answer.Output;
    }

    /// <summary>The number in the one SVID that the node holds.</summary>
    private async Task<string> IdOfAsync(int node)
    {
        string[] ids = [];
        await Wait.UntilAsync(
            async () =>
            {
                using var status = JsonDocument.Parse(await TwoNodes.StatusAsync(lab.Lab.Nodes[node]));
                ids = [.. status.RootElement.GetProperty("identity").GetProperty("svids").EnumerateArray().Select(svid => svid.GetProperty("id").GetString()!)];
                return ids.Length == 1;
            },
            Patience);
        var id = Assert.Single(ids);
        Assert.StartsWith("spiffe://cluster.local/identity/", id, StringComparison.Ordinal);
        return id["spiffe://cluster.local/identity/".Length..];
    }
}
