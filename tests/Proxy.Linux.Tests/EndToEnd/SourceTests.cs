using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Real node-proxies whose identities come from SPIFFE's own APIs, both served by `node-proxy issuer`.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class SourceTests : IAsyncLifetime
{
    private const string Issuer = "spiffe://cluster.local/node-proxy/issuer";
    private const string ThisProcess = "unix:uid:0";

    private LabCluster lab = null!;
    private LabPod server = null!;
    private LabPod far = null!;

    private string WorkloadSocket => Path.Combine(lab.Directory.FullPath, "issuer/workload.sock");

    private string BrokerSocket => Path.Combine(lab.Directory.FullPath, "issuer/broker.sock");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        lab = await LabCluster.CreateAsync();
        server = await lab.AddPodAsync(lab.Nodes[1], "server", PodOptions.WithLabels(("app", "server")));
        far = await lab.AddPodAsync(lab.Nodes[0], "far", Mesh.ClientOptions);
        lab.ApplyPolicy(Mesh.Policy("client"));
        await lab.StartIssuerAsync(
            "--workload-api-socket", WorkloadSocket, "--broker-socket", BrokerSocket, "--broker-id", "spiffe://cluster.local/node-proxy/*",
            "--manifests", lab.Directory.Manifests);
    }

    public async ValueTask DisposeAsync()
    {
        if (lab is not null)
            await lab.DisposeAsync();
    }

    [Fact]
    public async Task By_a_broker_pods_speak_mutual_TLS()
    {
        lab.RegisterProcess("spiffe://cluster.local/node-proxy/node", ThisProcess);
        await SpeakAsync("--identity", $"broker:unix://{BrokerSocket}", "--broker-id", Issuer, "--workload-api", $"unix://{WorkloadSocket}");
    }

    [Fact]
    public async Task By_a_broker_that_is_somebody_else_nobody_speaks()
    {
        lab.RegisterProcess("spiffe://cluster.local/node-proxy/node", ThisProcess);
        lab.IdentityArguments =
            ["--identity", $"broker:unix://{BrokerSocket}", "--broker-id", "spiffe://cluster.local/agent", "--workload-api", $"unix://{WorkloadSocket}"];
        await StartAsync();

        var answer = await Curl.AskAsync(far, $"http://{server.IPv4}/");

        Assert.NotEqual(0, answer.ExitCode);
        await lab.Nodes[0].Proxy!.WaitForLogAsync($"the broker is {Issuer}, expected was spiffe://cluster.local/agent");
    }

    [Fact]
    public async Task By_a_Workload_API_the_one_workload_of_each_host_speaks_mutual_TLS()
    {
        // Both hosts are this machine, and both node-proxies the same user: each is given both identities, and its workload has its own.
        lab.RegisterProcess(lab.SpiffeIdOf("far"), ThisProcess);
        lab.RegisterProcess(lab.SpiffeIdOf("server"), ThisProcess);
        await SpeakAsync("--identity", $"workload-api:unix://{WorkloadSocket}");
    }

    private async Task SpeakAsync(params string[] identity)
    {
        lab.IdentityArguments = identity;
        await StartAsync();
        await lab.AwaitSvidAsync(far, isHeld: true);
        await lab.AwaitSvidAsync(server, isHeld: true);

        var answer = await Curl.AskAsync(far, $"http://{server.IPv4}/");

        Assert.True(answer.IsOk, $"{answer}\n{lab.Nodes[0].Proxy!.Log}\n{lab.Nodes[1].Proxy!.Log}\n{lab.Issuer!.Log}");
    }

    private async Task StartAsync()
    {
        await Task.WhenAll(lab.Nodes.Select(node => node.StartProxyAsync()));
        await lab.SettleAsync();
        await NginxServer.StartAsync(server, NginxServer.Demo);
    }
}
