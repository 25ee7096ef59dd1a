using System.Text;
using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Tests.Engine;
using Proxy.Tests.Tunnels;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>HTTP rules of the client's side: judged by the client's node, wherever the server is.</summary>
public sealed class EgressRequestTests
{
    private const string Add = "headerMatches: [{name: X-A, value: one, mismatch: ADD}]";

    private static readonly Workload s_client = Pod("client", "10.0.1.1");

    [Theory]
    [InlineData("", OtherNode, "/open", true)]
    [InlineData("", OtherNode, "/closed", false)]
    [InlineData("", ThisNode, "/closed", false)]
    [InlineData("/both", ThisNode, "/both", false)]
    [InlineData("/open", ThisNode, "/open", true)]
    [InlineData("/other", ThisNode, "/open", false)]
    public void A_request_passes_the_rules_of_both_sides_that_are_judged_here(string ofServer, string node, string path, bool isAllowed)
    {
        var server = Pod("server", "10.0.1.2", node);
        var policies = Egress("{method: GET, path: /open}") + (ofServer.Length == 0 ? "" : $"\n---\n{ServerAdmitsClient(ports: Rules($"{{path: {ofServer}}}"))}");
        var judgement = Judge(policies, server);
        Assert.Equal(isAllowed, Decide(judgement, path).IsAllowed);
        Assert.Equal(ofServer.Length == 0 ? Direction.Egress : Direction.Ingress, judgement.HttpDirection);
    }

    [Fact]
    public void Outside_the_cluster_too()
    {
        var judgement = Judge(Egress("{method: GET, path: /open}", "toEntities: [all]"), null);
        Assert.True(Decide(judgement, "/open").IsAllowed);
        Assert.False(Decide(judgement, "/closed").IsAllowed);
    }

    [Fact]
    public void What_both_sides_want_done_with_the_headers_is_done()
    {
        var server = Pod("server", "10.0.1.2");
        var policies = $"{Egress($"{{{Add}}}")}\n---\n{ServerAdmitsClient(ports: Rules($"{{{Add.Replace("X-A", "X-B", StringComparison.Ordinal)}}}"))}";
        var notes = new List<string>();
        foreach (var action in Decide(Judge(policies, server), "/").Actions)
            notes.Add(action.Note);
        Assert.Equal(["missing-header=X-A, added", "missing-header=X-B, added"], notes);
    }

    [Fact]
    public async Task Nothing_goes_into_a_tunnel_before_it_is_judged()
    {
        using var nodes = new TwoNodes();
        nodes.Publish(Egress("{method: GET, path: /open}", port: nodes.Address.Port));
        var (story, client) = await nodes.ConnectAsync();
        await Patience.OnThread(() =>
        {
            client.Send("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 403", client.ReceiveText(60), StringComparison.Ordinal);
        });
        client.Reset();
        await story.Soon();

        (story, client) = await nodes.ConnectAsync();
        await Patience.OnThread(() =>
        {
            client.Send("GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
            // The refused one reached its server as a connection without a byte.
            var first = nodes.Application.Accept();
            Assert.ThrowsAny<IOException>(() => Assert.Equal("", first.ReceiveToEnd()));
            nodes.Application.Accept().Expect("GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
        });
        client.Reset();
        await story.Soon();
        await nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task On_one_node_and_to_the_outside_requests_pass_the_gate()
    {
        using var stage = new Stage();
        foreach (var server in (Workload?[])[Stage.ServerOn(ThisNode), Stage.ServerOn(OtherNode, mode: EnrolmentMode.Disabled), null])
        {
            Workload[] workloads = server is null ? [Stage.Client()] : [Stage.Client(), server];
            stage.Mesh.Publish(ClusterOf(Egress("{method: GET, path: /open}", "toEntities: [all]", stage.Server.Endpoint.Port), workloads));
            stage.PublishSvids();
            if (server is not null)
                stage.Capture(server);
            var (captured, application) = await stage.CaptureAsync(stage.Capture(Stage.Client()));
            var story = stage.GoOutAsync(captured);
            var peer = stage.Server.Accept();
            await Patience.OnThread(() =>
            {
                application.Send("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n");
                Assert.StartsWith("HTTP/1.1 403", application.ReceiveText(60), StringComparison.Ordinal);
                application.Reset();
                peer.ExpectReset();
            });
            Assert.Equal(OutcomeReason.Reset, (await story).Reason);
        }
    }

    [Fact]
    public async Task Rules_for_requests_cut_a_live_connection_without_a_gate()
    {
        using var nodes = new TwoNodes();
        var (story, client) = await nodes.ConnectAsync();
        client.Send("ping");
        var server = await Patience.OnThread(nodes.Application.Accept);
        await Patience.OnThread(() => server.Expect("ping"));
        nodes.Publish(Egress("{method: GET, path: /open}", port: nodes.Address.Port));
        Assert.Equal(OutcomeReason.GateRequired, (await story.Soon()).Reason);
        client.ExpectReset();
    }

    private static Judgement Judge(string policies, Workload? server)
    {
        Workload[] workloads = server is null ? [s_client] : [s_client, server];
        var mesh = new MeshSnapshot(ClusterOf(policies, workloads), IdentitySnapshot.Empty);
        var target = new Party(new Endpoint(server?.Addresses[0] ?? AddressOf("192.0.2.1"), Port), server);
        return Judgement.Of(mesh, new Parties(new Party(new Endpoint(s_client.Addresses[0], 40000), s_client), target, null), PeerAuthentication.Unauthenticated, ThisNode);
    }

    private static RequestVerdict Decide(in Judgement judgement, string path) =>
        judgement.Http!.Decide(new RequestFacts("GET"u8, Encoding.ASCII.GetBytes(path), "a"u8));

    private static string Rules(string rule, ushort port = Port) =>
        $$"""toPorts: [{ports: [{port: "{{port}}", protocol: TCP} ], rules: {http: [{{rule}}] } }]""";

    private static string Egress(string rule, string peers = "toEndpoints: [{matchLabels: {app: server} }]", ushort port = Port) => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: client-reaches, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: client} }
          egress:
            - {{peers}}
              {{Rules(rule, port)}}
        """;
}
