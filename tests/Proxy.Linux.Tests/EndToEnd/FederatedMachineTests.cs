using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>A pod and a machine of another trust domain, each believed by the bundle of its own.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class FederatedMachineTests(FederatedMachine world) : IClassFixture<FederatedMachine>
{
    private const string Id = $"spiffe://{FederatedMachine.Domain}/legacy/ledger";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_pod_reaches_the_machine_of_another_trust_domain()
    {
        await world.Machine.DeclareAsync(Id);
        await world.Machine.ServeAsync(world.Authority.Issue(Id));
        await AwaitBundleAsync();

        var answer = await Curl.AskAsync(world.Pod, $"http://{world.Machine.IPv4}:{TlsMachine.Port}/");

        Assert.True(answer.IsOk, $"{answer}\n{world.Lab.Nodes[0].Proxy!.Log}");
        Assert.Equal(world.Lab.SpiffeIdOf("teller"), await world.Machine.AwaitClientIdAsync());

        // The cluster's own authority proves nobody of the other trust domain.
        await world.Machine.ServeAsync(world.Machine.Issue(Id));
        Assert.NotEqual(0, (await Curl.AskAsync(world.Pod, $"http://{world.Machine.IPv4}:{TlsMachine.Port}/")).ExitCode);
        var (line, all) = await world.Lab.AwaitFlowAsync(Patience, "default/teller", "default/ledger", "Reason: peer-untrusted");
        Assert.True(line is not null, all);
        await world.Machine.StopAsync();
    }

    [Fact]
    public async Task The_machine_of_another_trust_domain_reaches_a_pod()
    {
        await world.Machine.DeclareAsync(Id);
        await AwaitBundleAsync();
        var nginx = await NginxServer.StartAsync(world.Pod, NginxServer.Demo);

        var right = await world.Machine.AskAsync(world.Pod.IPv4, "right", world.Authority.Issue(Id));
        var own = await world.Machine.AskAsync(world.Pod.IPv4, "own", world.Machine.Issue(Id));
        var other = await world.Machine.AskAsync(world.Pod.IPv4, "other", world.Authority.Issue($"spiffe://{FederatedMachine.Domain}/legacy/other"));

        Assert.True(right.Succeeded, $"{right}\n{world.Lab.Nodes[0].Proxy!.Log}");
        Assert.False(own.Succeeded, own.ToString());
        Assert.False(other.Succeeded, other.ToString());
        Assert.True(await nginx.AwaitRequestAsync($"{world.Machine.IPv4} GET /right 200"), string.Join('\n', nginx.Requests()));
        Assert.Single(nginx.Requests());
        await nginx.Process.StopAsync();
    }

    private async Task AwaitBundleAsync() => Assert.True(await Wait.UntilAsync(
        async () => (await TwoNodes.StatusAsync(world.Lab.Nodes[0])).Contains("\"bundle\":true", StringComparison.Ordinal), Patience));
}
