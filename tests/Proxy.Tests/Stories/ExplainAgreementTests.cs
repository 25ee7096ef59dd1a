using System.Text;
using Proxy.Cluster;
using Proxy.Commands;
using Proxy.Http;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Tests.Cluster;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>What <c>policy explain</c> says offline is what the nodes of both ends do, to connections and to requests.</summary>
public sealed class ExplainAgreementTests : IDisposable
{
    private static readonly (string Name, string Address)[] Ends =
    [
        ("default/ship", "10.0.0.1"), ("default/station", "10.0.0.2"), ("default/depot", "10.0.0.3"), ("default/plain", "10.0.0.4"),
        ("192.0.2.1", "192.0.2.1"), ("198.51.100.1", "198.51.100.1"), ("192.168.0.1", "192.168.0.1"), ("192.168.0.2", "192.168.0.2"),
        ("192.168.0.9", "192.168.0.9"), ("10.0.0.77", "10.0.0.77"), ("10.0.0.5", "10.0.0.5"),
    ];

    private static readonly string[][] Requests =
    [
        [],
        ["GET", "/open"], ["GET", "/open?x=1"], ["GET", "/open/../open"], ["GET", "/op%65n"], ["GET", "//open"], ["PUT", "/closed", "X-Pass: 1"],
        ["PUT", "/closed", "X-Pass: 2"], ["PUT", "/closed", "X_Pass: 1"], ["PUT", "/closed", "X-Token: 1"], ["PUT", "/closed", "X-Token: 1", "Connection: X-Set"],
        ["CONNECT", "/open"], ["GET", "/open", "Host: a b"],
    ];

    private static readonly string[] Documents =
    [
        Manifests.Enrolled,
        PodAt("ship", "10.0.0.1", "node1"), PodAt("station", "10.0.0.2", "node1"), PodAt("depot", "10.0.0.3", "node2"),
        "{apiVersion: v1, kind: Node, metadata: {name: node1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}}",
        "{apiVersion: v1, kind: Node, metadata: {name: node2}, status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}}",
        "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}, addressType: IPv4, endpoints: [{addresses: [192.168.0.9]}], ports: [{port: 6443}]}",
        Manifests.Pod("plain", "10.0.0.4", "{app: plain}", metadata: "annotations: {node-proxy.dev/mode: disabled}").Replace("node1", "node2", StringComparison.Ordinal),
        "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: station}, spec: {endpointSelector: {matchLabels: {app: station}}, ingress: [{fromEndpoints: [{matchLabels: {app: ship}}, {matchLabels: {app: depot}}], authentication: {mode: required}, toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET, path: /open}, {method: PUT, headers: ['X-Pass: 1']}, {headerMatches: [{name: X-Set, value: a}]}]}}]}, {fromCIDR: [192.0.2.0/24]}, {fromEntities: [remote-node], toPorts: [{ports: [{port: '81'}]}]}]}}",
        "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: depot}, spec: {endpointSelector: {matchLabels: {app: depot}}, egress: [{toEntities: [kube-apiserver]}, {toEndpoints: [{}], toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}, {headers: [X-Token], headerMatches: [{name: X-Set, value: a, mismatch: REPLACE}]}]}}]}], ingress: [{fromEndpoints: [{}]}], ingressDeny: [{fromEndpoints: [{matchLabels: {app: ship}}], toPorts: [{ports: [{port: '81'}]}]}]}}",
        "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: tried, annotations: {node-proxy.dev/audit: 'true'}}, spec: {endpointSelector: {matchLabels: {app: ship}}, egress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}]}}]}]}}",
    ];

    private static readonly Cidr PodRange = Cidr.TryParse("10.0.0.0/24", out var range) ? range : throw new FormatException();

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("explain-agreement");
    private readonly MeshSnapshot[] _meshes;

    public ExplainAgreementTests()
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "all.yaml"), string.Join("\n---\n", Documents));
        _meshes = [MeshOf("node1"), MeshOf("node2")];
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(PeerAuthentication.NotYetKnown)]
    [InlineData(PeerAuthentication.Authenticated)]
    [InlineData(PeerAuthentication.Unauthenticated)]
    public void For_connections_and_requests_both_say_the_same(PeerAuthentication authentication)
    {
        var (asked, allowed) = (0, 0);
        foreach (var from in Ends)
        {
            foreach (var to in Ends.Where(to => to != from && IsPod(from, to)))
            {
                foreach (var port in (ushort[])[80, 81])
                {
                    foreach (var request in port == 80 ? Requests : [[]])
                    {
                        var passes = Passes(from.Address, to.Address, port, request, authentication);
                        var output = Explain(from.Name, to.Name, port, request, authentication, out var says);
                        Assert.True(passes == says, $"the nodes {(passes ? "let it pass" : "refuse it")}: {string.Join(' ', request)}\n{output}");
                        (asked, allowed) = (asked + 1, allowed + (passes ? 1 : 0));
                    }
                }
            }
        }

        Assert.True(asked > 500 && allowed > asked / 10 && allowed < asked * 9 / 10, $"{allowed} of {asked}");
    }

    private static string PodAt(string app, string address, string node) =>
        Manifests.Pod(app, address, $"{{app: {app}}}").Replace("node1", node, StringComparison.Ordinal);

    // Those of "plain" nobody captures: what policy says of it holds only as far as the other end enforces it.
    private static bool IsPod((string Name, string Address) from, (string Name, string Address) to) =>
        from.Name != "default/plain" && (from.Name.StartsWith("default/", StringComparison.Ordinal) || to.Name.StartsWith("default/", StringComparison.Ordinal))
        && !(to.Name == "default/plain" && !from.Name.StartsWith("default/", StringComparison.Ordinal));

    private MeshSnapshot MeshOf(string node)
    {
        var directory = new ManifestDirectory(_directory.FullName);
        directory.Refresh(new HashSet<string>());
        var cluster = new SnapshotComposer(new ClusterOptions { NodeName = node, PodCidrs = [PodRange] }).Compose(ClusterSnapshot.Empty, [.. directory.Files], []);
        Assert.Empty(cluster.Faults);
        return new MeshSnapshot(cluster, IdentitySnapshot.Empty);
    }

    // As Outbound and Inbound do: the client's node, and then the server's, if it is another one.
    private bool Passes(string from, string to, ushort port, string[] request, PeerAuthentication authentication)
    {
        var head = request.Length == 0 ? null : HeadOf(request);
        var nodes = NodesOf(from).Concat(NodesOf(to)).Distinct().ToArray();
        foreach (var node in nodes)
        {
            var mesh = _meshes[node == "node1" ? 0 : 1];
            var client = new Party(new Endpoint(AddressOf(from), 40000), mesh.Cluster.FindWorkload(AddressOf(from)));
            var server = new Party(new Endpoint(AddressOf(to), port), mesh.Cluster.FindWorkload(AddressOf(to)));
            var unresolved = new Parties(client, server, null);
            var found = client.Workload?.NodeName == node ? Resolution.Find(mesh, unresolved, node) : Resolution.FindClient(mesh, unresolved);
            if (found is null)
                return false;
            var judgement = Judgement.Of(mesh, found.Parties, authentication, node);
            if (!judgement.IsAllowed || (request.Length > 0 && (head = PassGate(judgement, head!)) is null))
                return false;
        }

        return true;
    }

    private IEnumerable<string> NodesOf(string address) =>
        _meshes[0].Cluster.FindWorkload(AddressOf(address)) is { IsEnrolled: true } pod ? [pod.NodeName] : [];

    private static byte[] HeadOf(string[] request)
    {
        var host = request.Any(line => line.StartsWith("Host:", StringComparison.Ordinal)) ? "" : "Host: unnamed\r\n";
        return Encoding.ASCII.GetBytes($"{request[0]} {request[1]} HTTP/1.1\r\n{host}{string.Concat(request[2..].Select(line => $"{line}\r\n"))}\r\n");
    }

    private static byte[]? PassGate(Judgement judgement, byte[] head)
    {
        if (judgement.Http is not { } rules)
            return head;
        var step = new RequestGate(new RulesJudge(rules, judgement.OnlyWatches), GateLimits.Default).Inspect(head);
        return step.Action switch
        {
            GateAction.Forward => head[..step.Count],
            GateAction.Rewrite => step.Head.ToArray(),
            _ => null,
        };
    }

    private string Explain(string from, string to, ushort port, string[] request, PeerAuthentication authentication, out bool isAllowed)
    {
        using var output = new StringWriter();
        List<string> arguments = ["explain", "--manifests", _directory.FullName, "--from", from, "--to", to, "--port", $"{port}", "--pod-cidr", PodRange.ToString()];
        if (request.Length > 0)
            arguments.AddRange(["--method", request[0], "--path", request[1], .. request[2..].SelectMany(line => (string[])["--header", line])]);
        if (authentication != PeerAuthentication.NotYetKnown)
            arguments.Add(authentication == PeerAuthentication.Authenticated ? "--authenticated" : "--plaintext");
        var code = PolicyCommand.Create(() => Stream.Null, () => output, output).Parse(arguments).Invoke();
        Assert.True(code is 0 or 1, output.ToString());
        isAllowed = code == 0;
        return output.ToString();
    }

    private sealed class RulesJudge(RequestRules rules, bool onlyWatches) : IRequestJudge
    {
        public bool OnlyWatches => onlyWatches;

        public RequestVerdict Decide(in RequestHead request) => rules.Decide(request.Facts, out _);

        public void Answered(in RequestHead request, ushort status)
        {
        }

        public bool MayPassUnread() => onlyWatches;
    }
}
