using System.Text;
using Proxy.Cluster;
using Proxy.Policy;
using Proxy.Policy.Labels;

using static Proxy.Tests.Cluster.LiveManifests;

namespace Proxy.Tests.Cluster;

public sealed class ContextTests
{
    private const string NodeName = "node1";

    private const string Nodes = """
        apiVersion: v1
        kind: Node
        metadata: {name: node1}
        status: {addresses: [{type: InternalIP, address: 192.168.0.1}, {type: Hostname, address: node1}, {type: InternalIP, address: 'fd02::1'}]}
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: node2}
        status: {addresses: [{type: ExternalIP, address: 192.168.0.2}]}
        """;

    [Fact]
    public async Task A_service_with_a_selector_is_known_by_it_and_one_without_by_its_addresses()
    {
        var context = await ContextOf(
            Manifests.Service("web", "10.96.0.1", "[{port: 80}]", "selector: {app: web}"),
            Manifests.Service("far", "10.96.0.2", "[{port: 80}]"),
            Manifests.Slice("far-1", "far", "[{addresses: [192.0.2.2]}, {addresses: [192.0.2.1]}, {addresses: [192.0.2.3], conditions: {ready: false}}]", "[{port: 80}]"),
            Manifests.Slice("far-6", "far", "[{addresses: ['2001:db8::1']}]", "[{port: 80}]", "IPv6"));

        Assert.Equal(["far", "web"], context.Services.Select(service => service.Name));
        Assert.Equal("web", context.Services[1].Selector?["app"]);
        Assert.Empty(context.Services[1].Endpoints);
        Assert.Null(context.Services[0].Selector);
        Assert.Equal(["192.0.2.1/32", "192.0.2.2/32", "2001:db8::1/128"], context.Services[0].Endpoints.Select(range => range.ToString()));
    }

    [Fact]
    public async Task Older_endpoints_stand_for_a_service_only_where_there_are_no_slices()
    {
        const string Older = """
            apiVersion: v1
            kind: Endpoints
            metadata: {name: far, namespace: default}
            subsets:
              - {addresses: [{ip: 192.0.2.7}], notReadyAddresses: [{ip: 192.0.2.8}], ports: [{port: 8080}]}
              - {addresses: [{ip: 192.0.2.9}], ports: [{port: 9090}]}
            """;
        var service = Manifests.Service("far", "10.96.0.2", "[{port: 80}]");

        var older = await ReadAsync(service, Older);
        var newer = await ContextOf(service, Older, Manifests.Slice("far-1", "far", "[{addresses: [192.0.2.1]}]", "[{port: 80}]"));

        Assert.Empty(older.Faults);
        Assert.Equal(["192.0.2.7/32", "192.0.2.9/32"], Assert.Single(older.PolicyContext.Services).Endpoints.Select(range => range.ToString()));
        Assert.Equal(
            [new ServiceEndpoint(Ip("192.0.2.7"), 8080), new ServiceEndpoint(Ip("192.0.2.9"), 9090)], older.FindService(Ip("10.96.0.2"), 80)?.Endpoints);
        Assert.Equal(["192.0.2.1/32"], Assert.Single(newer.Services).Endpoints.Select(range => range.ToString()));
    }

    [Theory]
    [InlineData("data: {token: c2VjcmV0}", "secret")]
    [InlineData("stringData: {token: secret}", "secret")]
    [InlineData("data: {token: b3RoZXI=}\nstringData: {token: secret}", "secret")]
    [InlineData("data: {token: }", "")]
    [InlineData("data: {token: c2VjcmV0, more: c2VjcmV0}", null)]
    [InlineData("type: Opaque", null)]
    public async Task A_secret_holds_its_one_entry_and_nothing_otherwise(string entries, string? value)
    {
        var snapshot = await ReadAsync(Secret(entries));

        Assert.Empty(snapshot.Faults);
        Assert.Equal(value, Assert.Single(snapshot.PolicyContext.Secrets).Value is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null);
    }

    [Theory]
    [InlineData("data: {token: 'no base64!'}")]
    [InlineData("data: {token: [c2VjcmV0]}")]
    [InlineData("stringData: {token: {a: b}}")]
    public async Task A_secret_that_cannot_be_read_matches_nothing_not_even_an_empty_header(string entries)
    {
        var snapshot = await ReadAsync(Secret(entries));

        Assert.Contains("matches nothing", Assert.Single(snapshot.Faults).Reason, StringComparison.Ordinal);
        Assert.All(snapshot.PolicyContext.Secrets, secret => Assert.Null(secret.Value));
    }

    [Theory]
    [InlineData("data: {token: 'ver!-geheim-nis'}")]
    [InlineData("data: {token: [ver-geheim-nis]}")]
    [InlineData("stringData: {token: {ver-geheim-nis: ver-geheim-nis}}")]
    [InlineData("data: [ver-geheim-nis]")]
    [InlineData("stringData: {token: ver-geheim-nis}")]
    public async Task No_fault_and_no_text_shows_what_is_in_a_secret(string entries)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Secret(entries));

        var snapshot = await manifests.StartAsync();

        Assert.DoesNotContain("geheim", string.Join('\n', snapshot.Faults.Select(fault => fault.ToString()).Concat(manifests.Log)), StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", string.Join('\n', snapshot.PolicyContext.Secrets), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_a_namespace_that_says_true_is_under_audit_and_another_word_is_a_fault()
    {
        var snapshot = await ReadAsync(Namespace("watched", "true"), Namespace("enforced", "false"), Namespace("misspelt", "yes"));

        Assert.Equal(["watched"], snapshot.PolicyContext.AuditNamespaces);
        Assert.Contains("\"true\" or \"false\"", Assert.Single(snapshot.Faults).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Groups_of_ranges_are_there_by_name()
    {
        var context = await ContextOf("""
            apiVersion: cilium.io/v2
            kind: CiliumCIDRGroup
            metadata: {name: vpn}
            spec: {externalCIDRs: [192.0.2.0/24]}
            """);

        Assert.Equal(["vpn"], context.CidrGroups.Select(group => group.Name));
    }

    [Fact]
    public async Task A_nodes_address_is_the_node_when_spoken_to_and_never_a_probe_when_it_speaks()
    {
        var snapshot = await ReadAsync(Nodes);

        Assert.Equal((Identity.Host, Identity.World), IdentitiesOf(snapshot, "192.168.0.1"));
        Assert.Equal((Identity.Host, Identity.World), IdentitiesOf(snapshot, "fd02::1"));
        Assert.Equal((Identity.RemoteNode, Identity.RemoteNode), IdentitiesOf(snapshot, "192.168.0.2"));
        Assert.Equal((Identity.World, Identity.World), IdentitiesOf(snapshot, "192.168.0.3"));
    }

    [Fact]
    public async Task The_API_server_keeps_the_mark_of_the_place_where_it_runs()
    {
        var snapshot = await ReadAsync(Nodes, Manifests.Slice("kubernetes", "kubernetes", "[{addresses: [192.168.0.1, 192.168.0.2, 192.0.2.1]}]", "[{port: 6443}]"));

        Assert.Equal("reserved:host reserved:kube-apiserver", MarksOf(snapshot, "192.168.0.1", isServer: true));
        Assert.Equal(Identity.World, snapshot.FindOutsider(Ip("192.168.0.1"), isServer: false));
        foreach (var isServer in (bool[])[true, false])
        {
            Assert.Equal("reserved:kube-apiserver reserved:remote-node", MarksOf(snapshot, "192.168.0.2", isServer));
            Assert.Equal("reserved:kube-apiserver reserved:world", MarksOf(snapshot, "192.0.2.1", isServer));
        }
    }

    [Fact]
    public async Task Ports_of_containers_have_names_for_each_protocol_and_the_first_of_two_counts()
    {
        var snapshot = await ReadAsync(Manifests.Pod("web", "10.0.0.1", spec: """
            containers:
                - {name: a, ports: [{name: dns, containerPort: 53, protocol: UDP}, {name: dns, containerPort: 54}, {containerPort: 80}]}
                - {name: b, ports: [{name: DNS, containerPort: 55, protocol: UDP}]}
              initContainers:
                - {name: c, ports: [{name: metrics, containerPort: 9090}]}
            """));

        Assert.Empty(snapshot.Faults);
        var ports = Assert.Single(snapshot.Workloads).Ports;
        Assert.Equal((53, 54, 9090), (Find(TransportProtocol.Udp, "dns"), Find(TransportProtocol.Tcp, "dns"), Find(TransportProtocol.Tcp, "metrics")));
        Assert.Null(Find(TransportProtocol.Udp, "metrics"));

        int? Find(TransportProtocol protocol, string name) => ports.TryFind(protocol, name, out var port) ? port : null;
    }

    private static async Task<PolicyContext> ContextOf(params string[] documents) => (await ReadAsync(documents)).PolicyContext;

    private static async Task<ClusterSnapshot> ReadAsync(params string[] documents)
    {
        await using var manifests = new LiveManifests(new ClusterOptions { NodeName = NodeName });
        manifests.Put("all.yaml", documents);
        return await manifests.StartAsync();
    }

    private static (Identity AsServer, Identity AsClient) IdentitiesOf(ClusterSnapshot snapshot, string address) =>
        (snapshot.FindOutsider(Ip(address), isServer: true), snapshot.FindOutsider(Ip(address), isServer: false));

    private static string MarksOf(ClusterSnapshot snapshot, string address, bool isServer) =>
        string.Join(' ', snapshot.FindOutsider(Ip(address), isServer).Labels.Texts);

    private static string Secret(string entries) => $"apiVersion: v1\nkind: Secret\nmetadata: {{name: token, namespace: default}}\n{entries}";

    private static string Namespace(string name, string audit) => $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{name}}, annotations: {node-proxy.dev/audit: "{{audit}}"} }
        """;
}
