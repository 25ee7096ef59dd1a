using System.Text;
using System.Text.Json;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Somebody flushes the rules of pods that are captured, beneath a running node-proxy.</summary>
public abstract class RuleLossTests(Mesh mesh) : IAsyncLifetime
{
    private const string Secret = "very-secret-path";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private NginxServer nginx = null!;

    private LabNode Node => mesh.Lab.Nodes[1];

    public async ValueTask InitializeAsync()
    {
        nginx = await NginxServer.StartAsync(mesh.Server, NginxServer.Demo);
        await Node.StopProxyAsync();
        await Node.StartProxyAsync("--rule-look-every", "1");
        await mesh.Lab.SettleAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await nginx.Process.StopAsync();
        await Node.StopProxyAsync();
        await Node.StartProxyAsync();
        await mesh.Lab.SettleAsync();
    }

    [Theory]
    [InlineData("mangle")]
    [InlineData("everything")]
    public async Task Flushed_rules_stand_again_and_it_is_told(string lost)
    {
        var (server, near) = (await RepairsAsync(mesh.Server), await RepairsAsync(mesh.Near));
        await LoseAsync(mesh.Server, lost);
        await LoseAsync(mesh.Near, lost);
        await AwaitLookAsync(mesh.Server);
        await AwaitLookAsync(mesh.Near);
        Assert.True(await RepairsAsync(mesh.Server) > server);
        Assert.True(await RepairsAsync(mesh.Near) > near);

        var stranger = await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[0], $"stranger-{lost}", new() { IsEnrolled = false });
        await mesh.Lab.SettleAsync();
        var capture = await mesh.Lab.CaptureOnLinkAsync(mesh.Lab.Nodes[0]);
        Assert.Equal(CurlAnswer.TimedOut, (await AskAsync(stranger, "stranger")).ExitCode);
        Assert.True((await AskAsync(mesh.Far, Secret)).IsOk);
        Assert.True((await AskAsync(mesh.Near, Secret)).IsOk);
        Assert.DoesNotContain(await capture.StopAsync(), segment => segment.Contains(Encoding.ASCII.GetBytes(Secret)));
        Assert.DoesNotContain(nginx.Requests(), request => request.Contains("stranger", StringComparison.Ordinal));
        Assert.Contains($"the rules of pod {mesh.Server.FullName} were no longer what was made", Node.Proxy!.Log, StringComparison.Ordinal);
        var status = (await Node.RunAsync(mesh.Lab.RequireNodeProxy(), "status")).Require().Output;
        Assert.Contains("\"repairs\"", status, StringComparison.Ordinal);
        Assert.Equal("200", (await Node.RunAsync("curl", "-qs", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:15020/readyz")).Output);
        await mesh.Lab.DeletePodAsync(stranger);
    }

    private Task<CurlAnswer> AskAsync(LabPod client, string path) => Curl.AskAsync(client, $"http://{mesh.Server.IPv4}/{path}");

    /// <summary>A whole look, from beginning to end: the one after that which was under way.</summary>
    private static async Task AwaitLookAsync(LabPod pod)
    {
        for (var i = 0; i < 2; i++)
        {
            var before = (await RulesAsync(pod)).GetProperty("lookedAt").GetRawText();
            Assert.True(await Wait.UntilAsync(async () => (await RulesAsync(pod)).GetProperty("lookedAt").GetRawText() != before, Limit));
        }
    }

    private static async Task<int> RepairsAsync(LabPod pod) => (await RulesAsync(pod)).GetProperty("repairs").GetInt32();

    private static async Task<JsonElement> RulesAsync(LabPod pod)
    {
        using var status = JsonDocument.Parse(await TwoNodes.StatusAsync(pod.Node));
        return status.RootElement.GetProperty("capture").GetProperty("pods").EnumerateArray()
            .Single(captured => captured.GetProperty("uid").GetString() == pod.Uid).GetProperty("rules").Clone();
    }

    private static async Task LoseAsync(LabPod pod, string lost)
    {
        var (four, six) = (await pod.FindRulesToolAsync("iptables"), await pod.FindRulesToolAsync("ip6tables"));
        const string Nothing = "printf '*raw\nCOMMIT\n*mangle\nCOMMIT\n*filter\nCOMMIT\n' |";
        string[] script = lost == "mangle"
            ? [$"{four} -t mangle -F", $"{six} -t mangle -F"]
            : [$"{Nothing} {four}-restore", $"{Nothing} {six}-restore"];
        (await pod.RunAsync("sh", "-ec", string.Join('\n', script))).Require();
    }
}
