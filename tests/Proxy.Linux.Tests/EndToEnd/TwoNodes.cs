using System.Text.Json.Nodes;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>Two nodes with a node-proxy each; every test brings its pods.</summary>
public sealed class TwoNodes : IAsyncLifetime
{
    public LabCluster Lab { get; private set; } = null!;

    public LabNode A => Lab.Nodes[0];

    public LabNode B => Lab.Nodes[1];

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        Lab = await LabCluster.CreateAsync();
        try
        {
            Lab.Manifests.Apply(string.Join("\n---\n", Lab.Nodes.Select(ManifestOf)));
            await Lab.StartAsync();
        }
        catch
        {
            await Lab.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Lab is not null)
        {
            await Lab.DisposeAsync();
        }
    }

    /// <summary>Makes a pod and waits until it is captured.</summary>
    public async Task<LabPod> AddAsync(LabNode node, string name, PodOptions? options = null)
    {
        var pod = await Lab.AddPodAsync(node, name, options);
        await Lab.SettleAsync();
        return pod;
    }

    /// <summary>Lets only pods with that label reach the pods with this one, on port 80.</summary>
    public Task ApplyAsync(string app, string client, bool authenticated = false) => Lab.ChangeAsync(() => Lab.ApplyPolicy(Policy(
        app, $"    - fromEndpoints: [{{matchLabels: {{app: {client}}}}}]{(authenticated ? "\n      authentication: {mode: required}" : "")}\n      toPorts: [{{ports: [{{port: \"80\"}}]}}]")));

    /// <summary>Lets everybody reach port 80 of the pods with the label.</summary>
    public Task OpenAsync(string app) => Lab.ChangeAsync(() => Lab.ApplyPolicy(Policy(app, "    - toPorts: [{ports: [{port: \"80\"}]}]")));

    /// <summary>What the node's proxy says of itself, as JSON without spaces.</summary>
    public static async Task<string> StatusAsync(LabNode node)
    {
        var answer = await node.RunAsync("curl", "-qsS", "--noproxy", "*", "http://127.0.0.1:15020/statusz");
        return JsonNode.Parse(answer.Output)!.ToJsonString();
    }

    public static string Url(string address, string path) =>
        $"http://{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}/{path}";

    private static string Policy(string app, string ingress) => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: {{app}}
          namespace: default
        spec:
          endpointSelector:
            matchLabels:
              app: {{app}}
          ingress:
        {{ingress}}
        """;

    private static string ManifestOf(LabNode node) => $$"""
        apiVersion: v1
        kind: Node
        metadata:
          name: {{node.Name}}
        status:
          addresses:
            - {type: Hostname, address: {{node.Name}}}
            - {type: InternalIP, address: {{node.IPv4}}}
            - {type: InternalIP, address: "{{node.IPv6}}"}
        """;
}
