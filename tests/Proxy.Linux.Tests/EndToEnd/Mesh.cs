using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Two nodes with a node-proxy each, one enrolled server, and an enrolled client on either node.</summary>
public class Mesh : IAsyncLifetime
{
    /// <summary>Ports that the policy of the server allows, for authenticated clients only.</summary>
    private const int FirstPort = 9000;

    private static readonly int[] AllowedPorts = [80, .. Enumerable.Range(FirstPort, 8)];

    private readonly LabOptions options;
    private readonly bool isIPv6;
    private int nextPort = FirstPort;

    public Mesh()
        : this(new LabOptions())
    {
    }

    protected Mesh(LabOptions options, bool isIPv6 = false) => (this.options, this.isIPv6) = (options, isIPv6);

    public LabCluster Lab { get; private set; } = null!;

    public LabPod Server { get; private set; } = null!;

    public LabPod Far { get; private set; } = null!;

    public LabPod Near { get; private set; } = null!;

    public static PodOptions ClientOptions => PodOptions.WithLabels(("app", "client"));

    public LabPod Client(Placement placement) => placement == Placement.BetweenNodes ? Far : Near;

    /// <summary>In the family of this mesh.</summary>
    public string AddressOf(LabPod pod) => isIPv6 ? pod.IPv6 : pod.IPv4;

    /// <summary>Of the server, in the family of this mesh.</summary>
    public string Url(string path) => isIPv6 ? $"http://[{Server.IPv6}]/{path}" : $"http://{Server.IPv4}/{path}";

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        Lab = await LabCluster.CreateAsync(options);
        try
        {
            Server = await Lab.AddPodAsync(Lab.Nodes[1], "server", PodOptions.WithLabels(("app", "server")));
            Far = await Lab.AddPodAsync(Lab.Nodes[0], "far", ClientOptions);
            Near = await Lab.AddPodAsync(Lab.Nodes[1], "near", ClientOptions);
            Lab.ApplyPolicy(Policy("client"));
            await Lab.StartAsync();
            await Lab.SettleAsync();
            await ProveCaptureAsync();
        }
        catch
        {
            await Lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>A port of the server that no other test of the class uses.</summary>
    public int NextPort() => Interlocked.Increment(ref nextPort) - 1;

    /// <summary>Starts a peer of the lab in the server pod and waits until it listens.</summary>
    public async Task<LabProcess> ServeAsync(string mode, int port, long bytes = 0)
    {
        var server = Server.Start(Peer.Program, "peer", "serve", mode, $"{port}", $"{bytes}");
        await server.WaitForLogAsync("listening");
        return server;
    }

    public string[] PeerCommand(string mode, int port, params string[] rest) =>
        [Peer.Program, "peer", mode, AddressOf(Server), $"{port}", .. rest];

    public Task<CommandResult> AskAsync(Placement placement, string mode, int port, params string[] rest) =>
        Client(placement).RunAsync(PeerCommand(mode, port, rest), TimeSpan.FromMinutes(5));

    /// <summary>A document that lets authenticated pods of one app reach the server's ports, all of them or with HTTP rules on port 80.</summary>
    public static string Policy(string app, string name = "server", string http = "") => $"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: {name}
          namespace: default
        spec:
          endpointSelector:
            matchLabels:
              app: server
          ingress:
            - fromEndpoints:
                - matchLabels:
                    app: {app}
              authentication:
                mode: required
              toPorts:
        {(http.Length > 0 ? HttpPort(http) : OpenPorts())}
        """;

    public async ValueTask DisposeAsync()
    {
        if (Lab is not null)
        {
            await Lab.DisposeAsync();
        }
    }

    /// <summary>A pod that the policy does not name must hear nothing; without a proxy in between it would be refused by the server.</summary>
    private async Task ProveCaptureAsync()
    {
        var outsider = await Lab.AddPodAsync(Lab.Nodes[0], "outsider");
        await Lab.SettleAsync();
        var answer = await Curl.AskAsync(outsider, Url(""));
        if (answer.ExitCode != CurlAnswer.TimedOut)
        {
            throw new LabException($"the proxies do not stand between client and server: {answer}");
        }

        await Lab.DeletePodAsync(outsider);
    }

    private static string OpenPorts() => "        - ports:\n"
        + string.Join('\n', AllowedPorts.Select(port => $"            - port: \"{port}\"\n              protocol: TCP"));

    private static string HttpPort(string rule) =>
        $"        - ports:\n            - port: \"80\"\n              protocol: TCP\n          rules:\n            http:\n              - {rule}";
}
