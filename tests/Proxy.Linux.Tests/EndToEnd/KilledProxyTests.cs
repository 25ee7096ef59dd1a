using System.Text;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

public abstract class KilledProxyTests(Mesh mesh) : IAsyncLifetime
{
    private const string Secret = "very-secret-path";
    private NginxServer nginx = null!;

    public async ValueTask InitializeAsync()
    {
        nginx = await NginxServer.StartAsync(mesh.Server, NginxServer.Demo);
        Assert.True((await AskAsync(mesh.Far)).IsOk, "the mesh must work before a proxy is killed");
    }

    public async ValueTask DisposeAsync()
    {
        await nginx.Process.StopAsync();
        await Task.WhenAll(mesh.Lab.Nodes.Where(node => node.Proxy!.HasExited).Select(node => node.StartProxyAsync()));
        await mesh.Lab.SettleAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Without_a_proxy_nothing_passes_and_after_a_restart_all_does(int node)
    {
        var capture = await mesh.Lab.CaptureOnLinkAsync(mesh.Lab.Nodes[0]);
        await mesh.Lab.Nodes[node].Kill9Async();

        Assert.NotEqual(0, (await AskAsync(mesh.Far)).ExitCode);
        AssertNoPlaintext(await capture.StopAsync());

        await mesh.Lab.Nodes[node].StartProxyAsync();
        await mesh.Lab.SettleAsync();
        var answer = await AskAsync(mesh.Far);
        Assert.True(answer.IsOk, answer.ToString());
        Assert.True((await AskAsync(mesh.Near)).IsOk);
    }

    [Theory]
    [InlineData("iptables")]
    [InlineData("ip6tables")]
    public async Task Without_a_proxy_and_any_single_rule_nothing_goes_out_in_plaintext(string tool)
    {
        await mesh.Lab.Nodes[0].Kill9Async();
        var url = UrlOf(tool);
        await ForEachRuleAsync(mesh.Far, tool, async rule =>
        {
            var capture = await mesh.Lab.CaptureOnLinkAsync(mesh.Lab.Nodes[0]);
            var answer = await Curl.AskAsync(mesh.Far, url, "--connect-timeout", "0.3");
            Assert.True(answer.ExitCode != 0, $"passed without {rule}");
            AssertNoPlaintext(await capture.StopAsync());
        });
    }

    [Theory]
    [InlineData("iptables")]
    [InlineData("ip6tables")]
    public async Task Without_a_proxy_and_any_single_rule_nothing_comes_in_to_an_enrolled_pod(string tool)
    {
        var stranger = await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[0], $"stranger-{tool}", new() { IsEnrolled = false });
        await mesh.Lab.Nodes[1].Kill9Async();
        var url = UrlOf(tool);
        await ForEachRuleAsync(mesh.Server, tool, async rule =>
        {
            var answer = await Curl.AskAsync(stranger, url, "--connect-timeout", "0.3");
            Assert.True(answer.ExitCode != 0, $"passed without {rule}");
        });
    }

    private string UrlOf(string tool) =>
        $"http://{(tool == "iptables" ? mesh.Server.IPv4 : $"[{mesh.Server.IPv6}]")}/{Secret}";

    private Task<CurlAnswer> AskAsync(LabPod client) => Curl.AskAsync(client, UrlOf("iptables"));

    /// <summary>Takes each rule of a pod away in its turn, and restores the whole set after it.</summary>
    private static async Task ForEachRuleAsync(LabPod pod, string family, Func<string, Task> attempt)
    {
        var tool = await pod.FindRulesToolAsync(family);
        var saved = (await pod.RunAsync($"{tool}-save")).Require().Output;
        var lines = saved.Split('\n');
        var rules = Enumerable.Range(0, lines.Length).Where(i => lines[i].StartsWith("-A ", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(rules);
        foreach (var rule in rules)
        {
            await RestoreAsync(pod, tool, string.Join('\n', lines.Where((_, index) => index != rule)));
            await attempt(lines[rule]);
        }

        await RestoreAsync(pod, tool, saved);
    }

    private static async Task RestoreAsync(LabPod pod, string tool, string rules) =>
        (await pod.RunAsync([$"{tool}-restore"], TimeSpan.FromSeconds(20), rules)).Require();

    private static void AssertNoPlaintext(IReadOnlyList<CapturedSegment> segments) =>
        Assert.DoesNotContain(segments, segment => segment.Contains(Encoding.ASCII.GetBytes(Secret)));
}
