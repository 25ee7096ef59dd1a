using System.Diagnostics;
using System.Globalization;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

public abstract class LivePolicyTests(Mesh mesh) : IAsyncLifetime
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(1);

    public async ValueTask InitializeAsync() => await mesh.Lab.ChangeAsync(() => mesh.Lab.ApplyPolicy(Mesh.Policy("client")));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task The_next_request_on_a_live_connection_is_judged_by_the_new_policy(Placement placement)
    {
        var nginx = await NginxServer.StartAsync(mesh.Server, NginxServer.DeathStar);
        var client = mesh.Client(placement).Start(mesh.PeerCommand("requests", 80, "PUT", "/v1/exhaust-port"));
        await client.WaitForLogAsync(" 200");

        var changed = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        mesh.Lab.ApplyPolicy(Mesh.Policy("client", http: "{ method: POST, path: /v1/request-landing }"));
        await Wait.UntilAsync(() => client.Log.Contains(" 403") || client.Log.Contains("closed"), TimeSpan.FromSeconds(10));

        await client.StopAsync();
        await nginx.Process.StopAsync();
        var lastPassed = client.Log.Split('\n').Last(line => line.EndsWith(" 200", StringComparison.Ordinal));
        Assert.Matches("( 403|closed)", client.Log);
        Assert.InRange(long.Parse(lastPassed.Split(' ')[0], CultureInfo.InvariantCulture) - changed, long.MinValue, (long)Promise.TotalMilliseconds);
    }

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task An_idle_connection_that_a_new_policy_forbids_is_cut(Placement placement)
    {
        var port = mesh.NextPort();
        var server = await mesh.ServeAsync("echo", port);
        var client = mesh.Client(placement).Start(mesh.PeerCommand("idle", port));
        await client.WaitForLogAsync("answered hello");

        var cut = await CutAsync(client);

        Assert.InRange(cut, TimeSpan.Zero, Promise);
        Assert.Contains("closed: ConnectionReset", client.Log);
        await server.WaitForLogAsync("ended: ConnectionReset");
    }

    [Theory]
    [InlineData(Placement.BetweenNodes)]
    [InlineData(Placement.OnOneNode)]
    public async Task A_bulk_transfer_that_a_new_policy_forbids_is_cut(Placement placement)
    {
        var port = mesh.NextPort();
        var server = await mesh.ServeAsync("watch", port);
        var client = mesh.Client(placement).Start(mesh.PeerCommand("flood", port));
        await client.WaitForLogAsync("flowing");

        var cut = await CutAsync(client);

        Assert.InRange(cut, TimeSpan.Zero, Promise);
        await server.WaitForLogAsync("ended: ConnectionReset");
    }

    [Fact]
    public async Task A_client_that_loses_the_label_it_was_allowed_for_is_cut()
    {
        var port = mesh.NextPort();
        await mesh.ServeAsync("echo", port);
        var client = mesh.Far.Start(mesh.PeerCommand("idle", port));
        await client.WaitForLogAsync("answered hello");

        mesh.Lab.RelabelPod(mesh.Far, new Dictionary<string, string> { ["app"] = "other" });
        var isCut = await Wait.UntilAsync(() => client.HasExited, TimeSpan.FromSeconds(10));

        await mesh.Lab.ChangeAsync(() => mesh.Lab.RelabelPod(mesh.Far, Mesh.ClientOptions.Labels));
        Assert.True(isCut, client.Log);
    }

    [Fact]
    public async Task What_documents_mean_together_is_shown_by_the_status()
    {
        await mesh.Lab.ChangeAsync(() =>
        {
            mesh.Lab.ApplyPolicy(Mesh.Policy("client", http: "{ method: POST, path: /v1/request-landing }"));
            mesh.Lab.ApplyPolicy(Mesh.Policy("client", name: "open"));
        });
        var status = "";
        var isShown = await Wait.UntilAsync(
            async () =>
            {
                status = (await mesh.Lab.Nodes[0].RunAsync(mesh.Lab.RequireNodeProxy(), "status")).Output;
                return status.Contains("default/server: spec.ingress[0]: the HTTP rules of the first have no effect", StringComparison.Ordinal);
            },
            TimeSpan.FromMinutes(1));

        await mesh.Lab.ChangeAsync(() => mesh.Lab.RemovePolicy("open"));
        Assert.True(isShown, status);
    }

    private async Task<TimeSpan> CutAsync(LabProcess client)
    {
        var started = Stopwatch.GetTimestamp();
        mesh.Lab.ApplyPolicy(Mesh.Policy("nobody"));
        await client.WaitForExitAsync(TimeSpan.FromSeconds(30));
        return Stopwatch.GetElapsedTime(started);
    }
}
