using Lab.Traffic;

namespace Lab.Faults;

/// <summary>The lab that faults happen to: two nodes, two servers, clients near and far, a guest whose permission comes and goes, and an outsider without any.</summary>
internal sealed class FaultMesh
{
    public const string ServerPolicy = "server";
    public const string GuestPolicy = "guest";
    private const string ServiceIPv4 = "10.96.0.200";
    private const string ServiceIPv6 = "fd00:96::200";

    private FaultMesh(LabCluster lab) => Lab = lab;

    public LabCluster Lab { get; }

    public LabPod Server { get; private set; } = null!;

    /// <summary>A server that is deleted and made again at the same address.</summary>
    public LabPod Spare { get; private set; } = null!;

    public LabPod Far { get; private set; } = null!;

    public LabPod Near { get; private set; } = null!;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public LabPod Guest { get; private set; } = null!;

    public LabPod Outsider { get; private set; } = null!;

    /// <summary>Every server process there has been.</summary>
    public List<LabProcess> Servers { get; } = [];

    public static async Task<FaultMesh> CreateAsync(LabCluster lab)
    {
        var mesh = new FaultMesh(lab);
        var (clients, servers) = (lab.Nodes[0], lab.Nodes[1]);
        mesh.Server = await lab.AddPodAsync(servers, "server", PodOptions.WithLabels(("app", "server")));
        mesh.Spare = await lab.AddPodAsync(servers, "spare", SpareOptions(0));
        mesh.Far = await lab.AddPodAsync(clients, "far", PodOptions.WithLabels(("app", "client")));
        mesh.Near = await lab.AddPodAsync(servers, "near", PodOptions.WithLabels(("app", "client")));
        mesh.Guest = await lab.AddPodAsync(clients, "guest", GuestOptions);
        mesh.Outsider = await lab.AddPodAsync(clients, "outsider", PodOptions.WithLabels(("app", "outsider")));
        mesh.AllowServer();
        mesh.AllowGuest("guest");
        mesh.Serve(mesh.Server);
        mesh.Servers.Add(await TrafficRun.ServeAsync(mesh.Server));
        mesh.Servers.Add(await TrafficRun.ServeAsync(mesh.Spare));
        await lab.StartAsync();
        await lab.SettleAsync();
        return mesh;
    }

    public static PodOptions GuestOptions => PodOptions.WithLabels(("app", "guest"));

    public IEnumerable<TrafficRun> StartClients() => ((LabPod[])[Far, Near, Guest, Outsider]).Select(client =>
        TrafficRun.Start(client, Server.IPv4, Server.IPv6, ServiceIPv4, ServiceIPv6));

    public void AllowServer() => Lab.ApplyPolicy(Policy(ServerPolicy, "client"));

    public void AllowGuest(string app) => Lab.ApplyPolicy(Policy(GuestPolicy, app));

    /// <summary>Another pod, with another SPIFFE ID, takes the spare server's place.</summary>
    public async Task ReplaceSpareAsync(int generation)
    {
        await Servers[^1].Kill9Async();
        Spare = await Lab.ReplacePodAsync(Spare, SpareOptions(generation));
        // Until a new pod's rules stand it is open, which docs/CAPTURE.md says: what is dialled then meets its application.
        if (!await Wait.UntilAsync(() => IsClosedAsync(Spare), Limit))
        {
            throw new LabException($"no capture rules in {Spare.FullName} after {Limit.TotalSeconds:F0} s");
        }

        Servers.Add(await TrafficRun.ServeAsync(Spare));
    }

    private static async Task<bool> IsClosedAsync(LabPod pod)
    {
        foreach (var tool in (string[])["iptables", "ip6tables"])
        {
            var rules = await pod.RunAsync("sh", "-c", $"{tool}-nft-save; {tool}-legacy-save");
            if (!rules.Output.Contains("NODE_PROXY", StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A Service of all the servers' ports, with these pods behind it.</summary>
    public void Serve(params LabPod[] pods) => Lab.Manifests.Apply($$"""
        apiVersion: v1
        kind: Service
        metadata:
          name: traffic
          namespace: default
        spec:
          clusterIP: {{ServiceIPv4}}
          clusterIPs: ["{{ServiceIPv4}}", "{{ServiceIPv6}}"]
          ports: [{{string.Join(", ", Ports.Select(port => $"{{ name: p{port}, protocol: TCP, port: {port}, targetPort: {port} }}"))}}]
        ---
        {{Slice("IPv4", pods.Select(pod => pod.IPv4))}}
        ---
        {{Slice("IPv6", pods.Select(pod => pod.IPv6))}}
        """);

    private static IEnumerable<int> Ports => [TrafficPorts.Http, .. TrafficPorts.Opaque];

    private static PodOptions SpareOptions(int generation) =>
        PodOptions.WithLabels(("app", "server")) with { ServiceAccount = $"spare-{generation % 2}" };

    private static string Slice(string family, IEnumerable<string> addresses) => $$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: traffic-{{family.ToLowerInvariant()}}
          namespace: default
          labels:
            kubernetes.io/service-name: traffic
        addressType: {{family}}
        ports: [{{string.Join(", ", Ports.Select(port => $"{{ name: p{port}, protocol: TCP, port: {port} }}"))}}]
        endpoints: [{{string.Join(", ", addresses.Select(address => $"{{ addresses: [\"{address}\"], conditions: {{ ready: true }} }}"))}}]
        """;

    private static string Policy(string name, string app) => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: {{name}}
          namespace: default
        spec:
          endpointSelector:
            matchLabels:
              app: server
          ingress:
            - fromEndpoints:
                - matchLabels:
                    app: {{app}}
              authentication:
                mode: required
              toPorts:
                - ports: [{{string.Join(", ", TrafficPorts.Opaque.Select(port => $"{{ port: \"{port}\", protocol: TCP }}"))}}]
                - ports: [{ port: "{{TrafficPorts.Http}}", protocol: TCP }]
                  rules:
                    http: [{ method: GET, path: "{{CountedRequests.Allowed}}.*" }]
        """;
}
