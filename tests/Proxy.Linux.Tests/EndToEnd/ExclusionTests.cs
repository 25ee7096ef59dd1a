using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>What the annotations of a pod take out of capture, on the pod while it lives.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class ExclusionTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    private static readonly Dictionary<string, string> Inbound = new() { ["node-proxy.dev/skip-inbound-ports"] = "80" };
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public async Task An_excluded_port_is_open_while_the_annotation_is_there_and_is_told()
    {
        var server = await nodes.AddAsync(nodes.B, "server", PodOptions.WithLabels(("app", "server")));
        var stranger = await nodes.AddAsync(nodes.A, "stranger", new() { IsEnrolled = false });
        var client = await nodes.AddAsync(nodes.A, "client", PodOptions.WithLabels(("app", "client")));
        var nginx = await NginxServer.StartAsync(server, NginxServer.Demo);
        await nodes.ApplyAsync("server", client: "client");
        var url = TwoNodes.Url(server.IPv4, "");
        Assert.Equal(CurlAnswer.TimedOut, (await Curl.AskAsync(stranger, url)).ExitCode);

        await AnnotateAsync(server, Inbound, "\"inboundPorts\":[\"80\"]");
        // One family's rules are changed after the other's.
        await AwaitAsync(async () => (await Curl.AskAsync(stranger, url)).IsOk && (await Curl.AskAsync(stranger, TwoNodes.Url(server.IPv6, ""))).IsOk);
        Assert.Contains("inbound ports 80 are excluded and go round CiliumNetworkPolicy default/server", await TwoNodes.StatusAsync(nodes.B), StringComparison.Ordinal);
        // A captured client of an enrolled pod dials the excluded port as it is, and is judged.
        Assert.True((await Curl.AskAsync(client, url + "plain")).IsOk);
        await nodes.ApplyAsync("server", client: "client", authenticated: true);
        Assert.False((await Curl.AskAsync(client, url + "unproven")).IsOk);
        var live = stranger.Start(Peer.Program, "peer", "requests", server.IPv4, "80", "GET", "/live");
        await live.WaitForLogAsync(" 200");

        await AnnotateAsync(server, Nothing, "\"inboundPorts\":[]");
        await AwaitAsync(async () => (await Curl.AskAsync(stranger, url)).ExitCode == CurlAnswer.TimedOut);
        var passed = nginx.Requests().Count;
        Assert.Equal(CurlAnswer.TimedOut, (await Curl.AskAsync(stranger, url)).ExitCode);
        Assert.Equal(passed, nginx.Requests().Count);
        Assert.True((await Curl.AskAsync(client, url + "captured")).IsOk);
        Assert.DoesNotContain(nginx.Requests(), request => request.Contains("unproven", StringComparison.Ordinal));
        await live.StopAsync();
        await nginx.Process.StopAsync();
        foreach (var pod in (LabPod[])[server, stranger, client])
        {
            await nodes.Lab.DeletePodAsync(pod);
        }
    }

    [Fact]
    public async Task With_the_proxy_dead_only_what_is_excluded_passes()
    {
        var web = await nodes.AddAsync(nodes.B, "web", new() { IsEnrolled = false });
        var nginx = await NginxServer.StartAsync(web, NginxServer.Demo);
        var range = await nodes.AddAsync(nodes.A, "range", new() { Annotations = new Dictionary<string, string> { ["node-proxy.dev/skip-outbound-cidrs"] = $"{web.IPv4}/32" } });
        var port = await nodes.AddAsync(nodes.A, "port", new() { Annotations = new Dictionary<string, string> { ["node-proxy.dev/skip-outbound-ports"] = "79-80" } });
        var none = await nodes.AddAsync(nodes.A, "none");
        await nodes.A.Kill9Async();

        var answers = await Task.WhenAll(((LabPod[])[range, port, none]).SelectMany(pod => ((string[])[web.IPv4, web.IPv6]).Select(address => Curl.AskAsync(pod, TwoNodes.Url(address, pod.Name)))));
        await nodes.A.StartProxyAsync();

        Assert.Equal([true, false, true, true, false, false], answers.Select(answer => answer.IsOk));
        await nginx.Process.StopAsync();
        foreach (var pod in (LabPod[])[web, range, port, none])
        {
            await nodes.Lab.DeletePodAsync(pod);
        }
    }

    /// <summary>Changes the annotations and waits until the pod's node shows them.</summary>
    private async Task AnnotateAsync(LabPod pod, Dictionary<string, string> annotations, string shown)
    {
        await nodes.Lab.ChangeAsync(() => nodes.Lab.AnnotatePod(pod, annotations));
        await AwaitAsync(async () => (await TwoNodes.StatusAsync(pod.Node)).Contains(shown, StringComparison.Ordinal));
    }

    private static async Task AwaitAsync(Func<Task<bool>> condition) => Assert.True(await Wait.UntilAsync(condition, TimeSpan.FromSeconds(30)));
}
