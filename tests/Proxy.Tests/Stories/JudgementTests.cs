using System.Text;
using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

public sealed class JudgementTests
{
    private static readonly Workload s_client = Pod("client", "10.0.1.1");
    private static readonly Workload s_remoteClient = Pod("client", "10.0.2.1", OtherNode);
    private static readonly Workload s_server = Pod("server", "10.0.1.2");
    private static readonly Workload s_remoteServer = Pod("server", "10.0.2.2", OtherNode);
    private static readonly Workload s_plainServer = Pod("server", "10.0.2.3", OtherNode, EnrolmentMode.Disabled);
    private static readonly Workload s_stranger = Pod("stranger", "10.0.1.3");

    [Theory]
    [InlineData(PeerAuthentication.NotYetKnown, null)]
    [InlineData(PeerAuthentication.Authenticated, null)]
    [InlineData(PeerAuthentication.Unauthenticated, nameof(OutcomeReason.AuthenticationRequired))]
    public void A_demand_for_authentication_is_met_or_refused(PeerAuthentication authentication, string? refusal)
    {
        var judgement = Judge(ServerAdmitsClient(RequireAuthentication), s_client, s_server, authentication);
        Assert.Equal((refusal, AuthenticationMode.Required), (judgement.Refusal?.ToString(), judgement.Deciding.Authentication));
    }

    [Fact]
    public void Both_nodes_ask_the_servers_side()
    {
        Assert.Equal(OutcomeReason.PolicyDenied, Judge(ServerAdmitsClient(), s_stranger, s_server).Refusal);
        Assert.Equal(OutcomeReason.PolicyDenied, Judge(ServerAdmitsClient(), s_stranger, s_remoteServer).Refusal);
        Assert.True(Judge(ServerAdmitsClient(), s_client, s_remoteServer).IsAllowed);
        Assert.True(Judge(ServerAdmitsClient(), s_remoteClient, s_server).IsAllowed);
    }

    [Fact]
    public void Requests_are_judged_by_the_servers_node_or_by_the_clients_where_the_server_has_none()
    {
        var policy = ServerAdmitsClient(ports: OnlyOpen(Port));
        Assert.NotNull(Judge(policy, s_client, s_server).Http);
        Assert.NotNull(Judge(policy, s_remoteClient, s_server).Http);
        Assert.Null(Judge(policy, s_client, s_remoteServer).Http);
        Assert.NotNull(Judge(policy, s_client, s_plainServer).Http);
    }

    [Fact]
    public void The_clients_node_judges_requests_by_the_clients_side_wherever_the_server_is()
    {
        var policy = ClientMayAsk(OnlyOpen(Port));
        foreach (var server in (Workload?[])[s_server, s_remoteServer, s_plainServer, null])
        {
            var http = Judge(policy, s_client, server).Http!;
            Assert.True(http.Allow(Get("/open")));
            Assert.False(http.Allow(Get("/closed")));
        }

        Assert.Null(Judge(policy, s_remoteClient, s_server).Http);
    }

    [Theory]
    [InlineData("/both", true, Direction.Ingress)]
    [InlineData("/client", false, Direction.Ingress)]
    [InlineData("/server", false, Direction.Egress)]
    public void Where_both_sides_look_at_requests_both_must_let_them_through(string path, bool passes, Direction side)
    {
        var (client, server) = (Only("/both|/client"), Only("/both|/server"));
        var judgement = Judge($"{ClientMayAsk(client)}\n---\n{ServerAdmitsClient(ports: server)}", s_client, s_server);
        Assert.Equal((passes, side), (judgement.Http!.Decide(Get(path), out var by).IsAllowed, by));
    }

    [Fact]
    public void Rules_under_audit_on_one_side_do_not_loosen_those_of_the_other()
    {
        const string Audit = "{name: may-ask, namespace: default, annotations: {node-proxy.dev/audit: 'true'} }";
        var audited = ClientMayAsk(OnlyOpen(Port)).Replace("{name: may-ask, namespace: default}", Audit, StringComparison.Ordinal);
        var alone = Judge(audited, s_client, s_server);
        var beside = Judge($"{audited}\n---\n{ServerAdmitsClient(ports: Only("/open|/closed"))}", s_client, s_server);
        Assert.Equal((true, false), (alone.OnlyWatches, beside.OnlyWatches));
        foreach (var judgement in (Judgement[])[alone, beside])
        {
            var verdict = judgement.Http!.Decide(Get("/closed"), out _);
            Assert.Equal((true, true), (verdict.IsAllowed, verdict.Audited));
        }
    }

    [Fact]
    public void What_both_sides_want_done_with_headers_is_done()
    {
        var (client, server) = (Setting("X-Client"), Setting("X-Server"));
        var judgement = Judge($"{ClientMayAsk(client)}\n---\n{ServerAdmitsClient(ports: server)}", s_client, s_server);
        var done = new List<string>();
        foreach (var action in judgement.Http!.Decide(Get("/"), out _).Actions)
            done.Add(action.Note);
        Assert.Equal(["missing-header=X-Client, added", "missing-header=X-Server, added"], done);
    }

    [Theory]
    [InlineData("name: X-A, value: '1', mismatch: REPLACE", "name: X-A, value: '1'", "", true)]
    [InlineData("name: X-A, value: '1', mismatch: REPLACE", "name: X-A, value: '2'", "X-A: 2\r\n", false)]
    [InlineData("name: X-A, value: '1', mismatch: ADD", "name: X-A, value: '1'", "X-A: 1\r\n", true)]
    [InlineData("name: X-A, value: '1', mismatch: ADD", "name: X-A, value: '1'", "X-A: 2\r\n", false)] // two lines by then
    [InlineData("name: X-A, value: '1', mismatch: DELETE", "name: X-A", "X-A: 2\r\nX-B: 3\r\n", false)]
    [InlineData("name: X-A, value: '1', mismatch: DELETE", "name: X-B", "X-A: 2\r\nX-B: 3\r\n", true)]
    public void The_servers_side_sees_the_headers_that_the_clients_side_leaves(string client, string server, string headers, bool passes)
    {
        var (egress, ingress) = (Matching(client), Matching(server));
        var judgement = Judge($"{ClientMayAsk(egress)}\n---\n{ServerAdmitsClient(ports: ingress)}", s_client, s_server);
        var request = new RequestFacts("GET"u8, "/"u8, "web"u8) { Headers = Encoding.ASCII.GetBytes(headers) };
        Assert.Equal(passes, judgement.Http!.Allow(request));
    }

    [Fact]
    public void A_server_outside_the_cluster_has_no_side_to_ask()
    {
        var judgement = Judge(ServerAdmitsClient(), s_client, null);
        Assert.Equal((true, Direction.Egress), (judgement.IsAllowed, judgement.Direction));
    }

    [Fact]
    public void A_client_outside_the_cluster_is_the_world()
    {
        Assert.Equal(OutcomeReason.PolicyDenied, Judge(ServerAdmitsClient(), null, s_server).Refusal);
        Assert.True(Judge("", null, s_server).IsAllowed);
    }

    [Theory]
    [InlineData("10.0.1.2", Port, true)]
    [InlineData("10.0.9.9", Port, false)] // a pod's address that nobody has
    [InlineData("192.0.2.1", Port, true)] // outside
    [InlineData("10.96.0.1", 80, true)]
    [InlineData("10.96.0.1", 81, false)] // a service without this port
    public void A_destination_is_known_or_waited_for(string address, ushort port, bool isKnown)
    {
        var mesh = Mesh(ClusterOf("", s_client, s_server).WithService("10.96.0.1", ("10.0.1.2", Port)));
        Assert.Equal(isKnown, Resolve(mesh, address, port) is not null);
    }

    [Fact]
    public void A_service_is_resolved_to_its_pods_in_turn()
    {
        var second = Pod("second", "10.0.1.4");
        var mesh = Mesh(ClusterOf("", s_client, s_server, second).WithService("10.96.0.1", ("10.0.1.2", Port), ("10.0.1.4", Port)));
        var found = Enumerable.Range(0, 4).Select(_ => Resolve(mesh, "10.96.0.1", 80)!.Parties).ToList();
        Assert.Equal(2, found.Count(parties => parties.Server.Workload == s_server));
        Assert.Equal(2, found.Count(parties => parties.Server.Workload == second));
        Assert.All(found, parties => Assert.Equal("web", parties.Service!.Name));
    }

    [Fact]
    public void Of_a_service_the_endpoints_that_policy_refuses_are_left_out()
    {
        var second = Pod("second", "10.0.1.4");
        var mesh = Mesh(ClusterOf(ServerAdmitsClient(), s_stranger, s_server, second).WithService("10.96.0.1", ("10.0.1.2", Port), ("10.0.1.4", Port)));
        for (var i = 0; i < 4; i++)
            Assert.Same(second, Resolve(mesh, "10.96.0.1", 80, s_stranger)!.Parties.Server.Workload);
    }

    [Fact]
    public void A_service_whose_endpoints_policy_refuses_all_is_refused()
    {
        var mesh = Mesh(ClusterOf(ServerAdmitsClient(), s_stranger, s_server, s_remoteServer).WithService("10.96.0.1", ("10.0.1.2", Port), ("10.0.2.2", Port)));
        var found = Resolve(mesh, "10.96.0.1", 80, s_stranger)!;
        Assert.Equal(OutcomeReason.PolicyDenied, Judgement.Of(mesh, found.Parties, PeerAuthentication.NotYetKnown, ThisNode).Refusal);
    }

    [Fact]
    public void An_endpoint_that_no_known_pod_has_is_waited_for()
    {
        Assert.Null(Resolve(Mesh(ClusterOf("", s_client).WithService("10.96.0.1", ("10.0.9.9", Port))), "10.96.0.1", 80));
        Assert.Null(Resolve(Mesh(ClusterOf("", s_client).WithService("10.96.0.1")), "10.96.0.1", 80));
    }

    [Theory]
    [InlineData("10.0.1.1", true)]
    [InlineData("10.0.9.9", false)]
    [InlineData("192.0.2.1", true)]
    public void A_client_is_known_or_waited_for(string address, bool isKnown)
    {
        var unknown = new Parties(Party(address, 40000, null), Party("10.0.1.2", Port, s_server), null);
        var found = Resolution.FindClient(Mesh(ClusterOf("", s_client, s_server)), unknown);
        Assert.Equal(isKnown, found is not null);
        Assert.Equal(address == "10.0.1.1" ? s_client : null, found?.Parties.Client.Workload);
    }

    private static RequestFacts Get(string path) => new("GET"u8, Encoding.ASCII.GetBytes(path), "web"u8);

    private static string Only(string paths) => OnlyOpen(Port).Replace("/open", $"'{paths}'", StringComparison.Ordinal);

    private static string Setting(string header) => Matching($"name: {header}, value: a, mismatch: ADD");

    private static string Matching(string header) =>
        OnlyOpen(Port).Replace("{method: GET, path: /open}", $"{{headerMatches: [{{{header}}}]}}", StringComparison.Ordinal);

    private static Judgement Judge(string policy, Workload? client, Workload? server, PeerAuthentication authentication = PeerAuthentication.NotYetKnown)
    {
        var parties = new Parties(
            Party(client?.Addresses[0].ToString() ?? "192.0.2.7", 40000, client),
            Party(server?.Addresses[0].ToString() ?? "192.0.2.8", Port, server), null);
        return Judgement.Of(Mesh(ClusterOf(policy)), parties, authentication, ThisNode);
    }

    private static Resolution? Resolve(MeshSnapshot mesh, string address, ushort port, Workload? client = null)
    {
        client ??= s_client;
        var unresolved = new Parties(Party(client.Addresses[0].ToString(), 40000, client), Party(address, port, null), null);
        return Resolution.Find(mesh, unresolved, ThisNode);
    }

    private static MeshSnapshot Mesh(ClusterSnapshot cluster) => new(cluster, IdentitySnapshot.Empty);

    private static Party Party(string address, ushort port, Workload? workload) => new(new Endpoint(AddressOf(address), port), workload);
}
