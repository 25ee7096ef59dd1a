using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

public abstract class LateManifestTests(Mesh mesh)
{
    [Fact]
    public async Task A_pod_that_nobody_has_been_told_of_is_refused_until_its_manifest_comes()
    {
        var nginx = await NginxServer.StartAsync(mesh.Server, NginxServer.Demo);
        var late = await mesh.Lab.AddPodAsync(mesh.Lab.Nodes[0], "late", Mesh.ClientOptions with { WritesManifest = false });
        var url = mesh.Url("late");

        // The lab waits for nothing here: for two seconds the pod exists and its manifest does not.
        var early = await Curl.AskAsync(late, url, "--connect-timeout", "2");
        Assert.NotEqual(0, early.ExitCode);
        Assert.DoesNotContain(nginx.Requests(), request => request.Contains("/late", StringComparison.Ordinal));

        late.WriteManifest();
        await mesh.Lab.SettleAsync();

        var answer = await Curl.AskAsync(late, url);
        Assert.True(answer.IsOk, answer.ToString());
        Assert.True(await nginx.AwaitRequestAsync($"{mesh.AddressOf(late)} GET /late 200"));
    }
}
