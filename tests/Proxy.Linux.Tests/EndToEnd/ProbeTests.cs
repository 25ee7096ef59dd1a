using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>What the node itself dials, told apart from what passes through it. A curl in the node's namespace is the kubelet.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class ProbeTests(TwoNodes nodes) : IClassFixture<TwoNodes>, IAsyncLifetime
{
    private const string ProbeIPv4 = "169.254.7.127";
    private const string ProbeIPv6 = "fd16:9254:7127:1337:ffff:ffff:ffff:ffff";

    private LabPod server = null!;
    private NginxServer nginx = null!;

    public async ValueTask InitializeAsync()
    {
        server = await nodes.AddAsync(nodes.A, "server", PodOptions.WithLabels(("app", "server")));
        nginx = await NginxServer.StartAsync(server, NginxServer.Demo);
        await nodes.ApplyAsync("server", client: "client");
    }

    public async ValueTask DisposeAsync()
    {
        await nginx.Process.StopAsync();
        await nodes.Lab.DeletePodAsync(server);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pods_own_node_reaches_it_whatever_policy_says_and_another_node_does_not(bool ipv4)
    {
        var address = ipv4 ? server.IPv4 : server.IPv6;

        var own = await AskAsync(nodes.A, address, $"own{ipv4}");
        var other = await AskAsync(nodes.B, address, $"other{ipv4}");

        Assert.True(own.Succeeded, own.ToString());
        Assert.True(await nginx.AwaitRequestAsync($"{(ipv4 ? ProbeIPv4 : ProbeIPv6)} GET /own{ipv4} 200"), string.Join('\n', nginx.Requests()));
        Assert.Equal(CurlAnswer.TimedOut, other.ExitCode);
        Assert.Contains($"\"sourceIPv4\":\"{ProbeIPv4}\"", await TwoNodes.StatusAsync(nodes.A), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task What_comes_by_a_port_of_the_node_is_judged_with_or_without_masquerade(bool ipv4, bool isMasqueraded)
    {
        var outside = await nodes.AddAsync(nodes.A, "outside", new() { IsEnrolled = false, WritesManifest = false, Addresses = ("192.0.2.10", "2001:db8::10") });
        var path = $"forwarded{ipv4}{isMasqueraded}";
        var (tool, node, pod, client) = ipv4
            ? ("iptables", nodes.A.IPv4, server.IPv4, outside.IPv4)
            : ("ip6tables", nodes.A.IPv6, $"[{server.IPv6}]", outside.IPv6);
        string[] forward = ["-t", "nat", "-A", "PREROUTING", "-p", "tcp", "-d", node, "--dport", "30080", "-j", "DNAT", "--to-destination", $"{pod}:80"];
        string[] masquerade = ["-t", "nat", "-A", "POSTROUTING", "-p", "tcp", "-s", client, "-j", "SNAT", "--to-source", node];
        (await nodes.A.RunAsync([tool, .. forward])).Require();
        if (isMasqueraded)
        {
            (await nodes.A.RunAsync([tool, .. masquerade])).Require();
        }

        var url = TwoNodes.Url(node, path).Replace($"/{path}", $":30080/{path}", StringComparison.Ordinal);
        var denied = await Curl.AskAsync(outside, url);
        await nodes.OpenAsync("server");
        var allowed = await Curl.AskAsync(outside, url);

        await nodes.A.RunAsync([tool, .. forward.Select(word => word == "-A" ? "-D" : word)]);
        await nodes.A.RunAsync([tool, .. masquerade.Select(word => word == "-A" ? "-D" : word)]);
        await nodes.Lab.DeletePodAsync(outside);
        Assert.Equal(CurlAnswer.TimedOut, denied.ExitCode);
        Assert.True(allowed.IsOk, allowed.ToString());
        Assert.True(await nginx.AwaitRequestAsync($"{(isMasqueraded ? node : client)} GET /{path} 200"), string.Join('\n', nginx.Requests()));
        Assert.Single(nginx.Requests(), request => request.Contains(path, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pod_that_claims_the_probe_source_reaches_nothing(bool isNear)
    {
        var thief = await nodes.AddAsync(isNear ? nodes.A : nodes.B, "thief", new() { IsEnrolled = false, MoreAddresses = [ProbeIPv4, ProbeIPv6] });

        var ipv4 = await Curl.AskAsync(thief, TwoNodes.Url(server.IPv4, "claimed"), "--interface", ProbeIPv4);
        var ipv6 = await Curl.AskAsync(thief, TwoNodes.Url(server.IPv6, "claimed"), "--interface", ProbeIPv6);

        await nodes.Lab.DeletePodAsync(thief);
        Assert.Equal((CurlAnswer.TimedOut, CurlAnswer.TimedOut), (ipv4.ExitCode, ipv6.ExitCode));
        Assert.DoesNotContain(nginx.Requests(), request => request.Contains("claimed", StringComparison.Ordinal));
    }

    private static Task<CommandResult> AskAsync(LabNode node, string address, string path) =>
        node.RunAsync("curl", "-qsS", "--noproxy", "*", "--connect-timeout", "1", "--max-time", "10", TwoNodes.Url(address, path));
}
