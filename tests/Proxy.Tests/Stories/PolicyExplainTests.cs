using Proxy.Commands;
using Proxy.Tests.Cluster;

namespace Proxy.Tests.Stories;

public sealed class PolicyExplainTests : IDisposable
{
    private const string Landing = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: rule1, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: station}}
          ingress:
            - fromEndpoints: [{matchLabels: {app: ship}}]
              authentication: {mode: required}
              toPorts:
                - ports: [{port: landing, protocol: TCP}]
                  rules: {http: [{method: POST, path: /v1/request-landing, headers: [X-Pass]}]}
            - fromCIDR: [192.0.2.0/24]
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("policy-explain");
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    public PolicyExplainTests()
    {
        const string ports = "containers: [{name: web, ports: [{name: landing, containerPort: 80}]}]";
        string[] documents =
        [
            Landing,
            Manifests.Pod("station", "10.0.0.1", "{app: station}", spec: ports),
            Manifests.Pod("ship", "10.0.0.2", "{app: ship}"),
            Manifests.Pod("rebel", "10.0.0.3", "{app: rebel}"),
        ];
        File.WriteAllText(Path.Combine(_directory.FullName, "all.yaml"), string.Join("\n---\n", documents));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void An_allowed_request_names_the_rule_that_allows_it()
    {
        Assert.Equal(0, Explain("default/ship", "default/station", "80", "--authenticated", "--method", "POST", "--path", "/v1/request-landing", "--header", "X-Pass: 1"));
        Assert.Contains("  + CiliumNetworkPolicy default/rule1: spec.ingress[0]", _output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("default/ship -> default/station:80 TCP: ALLOWED\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("default/ship", "80", "--plaintext")]
    [InlineData("default/ship", "80", "--authenticated", "--method", "PUT", "--path", "/v1/request-landing", "--header", "X-Pass: 1")]
    [InlineData("default/ship", "80", "--authenticated", "--method", "POST", "--path", "/v1/request-landing")]
    [InlineData("default/ship", "80", "--authenticated", "--path", "/v1/request-landing")]
    [InlineData("default/ship", "81", "--authenticated")]
    [InlineData("default/ship", "80", "--protocol", "UDP")]
    [InlineData("default/rebel", "80")]
    [InlineData("192.0.3.1", "80")]
    [InlineData("world", "80")]
    [InlineData("10.0.0.3", "80")]
    public void What_is_denied_says_so_by_its_exit_code(string from, string port, params string[] more)
    {
        Assert.Equal(1, Explain(from, "default/station", port, more));
        Assert.EndsWith("DENIED\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("  - CiliumNetworkPolicy default/rule1: ", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.0.2.1", "default/station")]
    [InlineData("node", "default/station")]
    [InlineData("default/station", "world")]
    [InlineData("default/station", "default/rebel")]
    public void What_is_allowed_says_so_by_its_exit_code(string from, string to) => Assert.Equal(0, Explain(from, to, "80"));

    [Theory]
    [InlineData("192.168.0.1", "default/station", 1)]
    [InlineData("192.168.0.2", "default/station", 0)]
    [InlineData("192.168.0.9", "default/station", 1)]
    [InlineData("kube-system/agent", "default/station", 0)]
    [InlineData("default/station", "192.168.0.1", 0)]
    [InlineData("default/station", "192.168.0.2", 1)]
    [InlineData("default/station", "kube-system/agent", 1)]
    [InlineData("default/station", "192.168.0.9", 0)]
    public void Addresses_of_nodes_and_of_the_API_server_are_what_the_node_of_the_pod_takes_them_for(string from, string to, int expected)
    {
        string[] documents =
        [
            "{apiVersion: v1, kind: Node, metadata: {name: node1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}}",
            "{apiVersion: v1, kind: Node, metadata: {name: node2}, status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}}",
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}, addressType: IPv4, endpoints: [{addresses: [192.168.0.9]}], ports: [{port: 6443}]}",
            "{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: kube-system, labels: {app: ship}}, spec: {hostNetwork: true, nodeName: node2}, status: {podIPs: [{ip: 192.168.0.2}]}}",
            "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: nodes}, spec: {endpointSelector: {matchLabels: {app: station}}, ingress: [{fromEntities: [remote-node]}], egress: [{toEntities: [host, kube-apiserver]}]}}",
        ];
        File.WriteAllText(Path.Combine(_directory.FullName, "nodes.yaml"), string.Join("\n---\n", documents));

        Assert.Equal(expected, Explain(from, to, "80"));
    }

    [Fact]
    public void A_namespace_is_known_by_its_name_whether_there_is_a_manifest_of_it_or_not()
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "more.yaml"), string.Join("\n---\n",
        [
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: not-dev}, spec: {podSelector: {matchLabels: {app: rebel}}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [dev]}]}}]}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: dev}, spec: {nodeName: node1}, status: {podIPs: [{ip: 10.0.0.8}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: prod}, spec: {nodeName: node1}, status: {podIPs: [{ip: 10.0.0.9}]}}",
        ]));

        Assert.Equal((1, 0), (Explain("dev/a", "default/rebel", "80"), Explain("prod/a", "default/rebel", "80")));
    }

    [Fact]
    public void Without_a_request_it_is_told_that_requests_are_judged()
    {
        Assert.Equal(0, Explain("default/ship", "default/station", "80", "--authenticated"));
        Assert.Contains("each request is judged too", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--from: there is no pod 'default/nobody'", "default/nobody", "default/station", "80")]
    [InlineData("--port", "default/ship", "default/station", "65536")]
    [InlineData("--authenticated and --plaintext", "default/ship", "default/station", "80", "--plaintext", "--authenticated")]
    [InlineData("--protocol: 'GRE'", "default/ship", "default/station", "80", "--protocol", "GRE")]
    [InlineData("--header: 'X'", "default/ship", "default/station", "80", "--header", "X")]
    public void What_is_wrong_with_the_question_is_told(string expected, string from, string to, string port, params string[] more)
    {
        var parsed = Parse(from, to, port, more);
        var told = string.Join('\n', parsed.Errors.Select(error => error.Message));
        if (parsed.Errors.Count == 0)
            Assert.Equal(2, parsed.Invoke());
        Assert.Contains(expected, told + _errors, StringComparison.Ordinal);
    }

    private int Explain(string from, string to, string port, params string[] more) => Parse(from, to, port, more).Invoke();

    private System.CommandLine.ParseResult Parse(string from, string to, string port, string[] more) =>
        PolicyCommand.Create(() => Stream.Null, () => _output, _errors)
            .Parse(["explain", "--manifests", _directory.FullName, "--from", from, "--to", to, "--port", port, .. more]);
}
