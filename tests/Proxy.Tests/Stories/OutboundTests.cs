using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Lifetime;
using Proxy.Tests.Tls;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

public sealed class OutboundTests : IDisposable
{
    private static readonly Workload s_client = Stage.Client();
    private static readonly Workload s_remote = Stage.ServerOn(OtherNode);
    private static readonly Workload s_local = Stage.ServerOn(ThisNode);

    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    [Produces(OutcomeReason.Completed)]
    public async Task To_another_node_it_is_mutual_TLS()
    {
        var (story, application) = await BeginAsync(s_remote);
        var server = _stage.Server.Accept();
        await Patience.OnThread(() => server.StartServerTls(TestPki.ServerOptions(_stage.Pki.Server.Certificate)));
        await ConverseAsync(application, server);
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    [Produces(OutcomeReason.PeerUnexpectedId)]
    public async Task A_server_with_another_ID_is_refused_and_its_leg_does_not_stay()
    {
        var (story, application) = await BeginAsync(s_remote);
        application.Send("secret");
        var server = _stage.Server.Accept();
        await Patience.OnThread(() =>
        {
            var broken = Record.Exception(() =>
            {
                server.StartServerTls(TestPki.ServerOptions(_stage.Pki.Client.Certificate));
                Assert.Equal(0, server.Receive(new byte[1]));
            });
            Assert.IsAssignableFrom<IOException>(broken);
        });
        Assert.Equal(OutcomeReason.PeerUnexpectedId, (await story).Reason);
        application.ExpectReset();
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    [Produces(OutcomeReason.NoClientSvid)]
    public async Task Without_an_SVID_nothing_goes_out()
    {
        var (story, application) = await BeginAsync(s_remote, hasSvids: false);
        Assert.Equal(OutcomeReason.NoClientSvid, (await story).Reason);
        application.ExpectReset();
        Assert.False(_stage.Server.HasCaller());
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task An_SVID_that_comes_late_is_waited_for()
    {
        using var patient = new Stage(hold: Patience.Limit);
        patient.Mesh.Publish(ClusterOf("", s_client, s_remote));
        var (captured, application) = await patient.CaptureAsync(patient.Capture(s_client));
        var story = patient.GoOutAsync(captured);
        await patient.Worker.SettleAsync();
        patient.PublishSvids();
        var server = patient.Server.Accept();
        await Patience.OnThread(() => server.StartServerTls(TestPki.ServerOptions(patient.Pki.Server.Certificate)));
        await ConverseAsync(application, server);
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    [Fact]
    [Produces(OutcomeReason.PolicyDenied)]
    public async Task Policy_refuses_before_anything_is_dialled()
    {
        var (story, application) = await BeginAsync(s_remote, ServerAdmitsClient(), Stage.Client("stranger"));
        Assert.Equal(OutcomeReason.PolicyDenied, (await story).Reason);
        application.ExpectReset();
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    [Produces(OutcomeReason.PolicyChanged)]
    public async Task A_policy_change_during_the_handshake_cuts()
    {
        var (story, application) = await BeginAsync(s_remote);
        var server = _stage.Server.Accept();
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(), Stage.Client("stranger"), s_remote));
        Assert.Equal(OutcomeReason.PolicyChanged, (await story).Reason);
        application.ExpectReset();
        Assert.ThrowsAny<IOException>(() => server.ReceiveToEnd());
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task An_SVID_withdrawn_during_the_handshake_is_not_relayed_with()
    {
        var (story, application) = await BeginAsync(s_remote);
        var server = _stage.Server.Accept();
        _stage.Mesh.Publish(Identities(_stage.Pki, ("server", _stage.Pki.Server)));
        await Patience.OnThread(() => Record.Exception(() => server.StartServerTls(TestPki.ServerOptions(_stage.Pki.Server.Certificate))));
        Assert.Equal(OutcomeReason.NoClientSvid, (await story).Reason);
        application.ExpectReset();
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_pod_is_judged_by_its_newest_labels_even_if_its_capture_has_not_heard_of_them()
    {
        var stale = _stage.Capture(s_client);
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(), Stage.Client("stranger"), s_remote));
        _stage.PublishSvids();
        var (captured, application) = await _stage.CaptureAsync(stale);
        Assert.Equal(OutcomeReason.PolicyDenied, (await _stage.GoOutAsync(captured)).Reason);
        application.ExpectReset();
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    [Produces(OutcomeReason.WorkloadChanged)]
    public async Task A_pod_whose_address_is_disputed_or_anothers_is_refused()
    {
        var stale = _stage.Capture(s_client);
        _stage.Mesh.Publish(ClusterOf("", s_remote));
        _stage.PublishSvids();
        var (captured, _) = await _stage.CaptureAsync(stale);
        Assert.Equal(OutcomeReason.WorkloadChanged, (await _stage.GoOutAsync(captured)).Reason);
        _stage.Mesh.Publish(ClusterOf("", s_remote, Stage.Client(uid: "successor")));
        (captured, _) = await _stage.CaptureAsync(stale);
        Assert.Equal(OutcomeReason.WorkloadChanged, (await _stage.GoOutAsync(captured)).Reason);
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    public async Task Labels_that_change_while_a_connection_waits_are_those_it_is_judged_by()
    {
        using var patient = new Stage(hold: TimeSpan.FromSeconds(1));
        patient.Mesh.Publish(ClusterOf(ServerAdmitsClient(RequireAuthentication), s_client, s_local));
        patient.Capture(s_local);
        var (captured, application) = await patient.CaptureAsync(patient.Capture(s_client));
        var story = patient.GoOutAsync(captured);
        await patient.Worker.SettleAsync();
        var admitsUnbound = ServerAdmitsClient().Replace("app: client", "app: unbound", StringComparison.Ordinal);
        patient.Mesh.Publish(ClusterOf(admitsUnbound, Stage.Client("unbound"), s_local));
        await ConverseAsync(application, patient.Server.Accept());
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    [Fact]
    public async Task On_one_node_the_server_sees_its_clients_address()
    {
        _stage.Capture(s_local);
        var (story, application) = await BeginAsync(s_local, ServerAdmitsClient(RequireAuthentication));
        var server = _stage.Server.Accept();
        Assert.Equal(Stage.ClientAddress, server.Remote.Address.ToString());
        await ConverseAsync(application, server);
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        Assert.Equal(0, _stage.Pods.Find("server")!.Connections);
        await _stage.AssertNothingHeldAsync();
    }

    [Theory]
    [InlineData(-1, OutcomeReason.Completed)]
    [InlineData(0, OutcomeReason.TooManyConnections)]
    [Produces(OutcomeReason.TooManyConnections)]
    public async Task On_one_node_the_servers_cap_counts(int aboveCap, object expected)
    {
        var pod = _stage.Capture(s_local);
        var held = _stage.Seat.Limits.ConnectionsPerWorkload + aboveCap;
        for (var i = 0; i < held; i++)
            Assert.True(pod.TryEnter(held));
        var (story, application) = await BeginAsync(s_local, ServerAdmitsClient(RequireAuthentication));
        if (expected is OutcomeReason.Completed)
            await ConverseAsync(application, _stage.Server.Accept());
        Assert.Equal(expected, (await story).Reason);
        Assert.Equal(held, pod.Connections);
    }

    [Fact]
    public async Task On_one_node_nobody_waits_for_SVIDs_that_no_policy_asks_for()
    {
        using var patient = new Stage(hold: TimeSpan.FromMinutes(10));
        patient.Mesh.Publish(ClusterOf("", s_client, s_local));
        patient.Capture(s_local);
        var (captured, application) = await patient.CaptureAsync(patient.Capture(s_client));
        var story = patient.GoOutAsync(captured);
        await ConverseAsync(application, patient.Server.Accept());
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    [Fact]
    public async Task On_one_node_without_SVIDs_nobody_is_authenticated()
    {
        _stage.Capture(s_local);
        var (story, _) = await BeginAsync(s_local, ServerAdmitsClient(RequireAuthentication), hasSvids: false);
        Assert.Equal(OutcomeReason.NoClientSvid, (await story).Reason);
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    public async Task On_one_node_requests_pass_the_gate()
    {
        _stage.Capture(s_local);
        var (story, application) = await BeginAsync(s_local, ServerAdmitsClient(ports: OnlyOpen(_stage.Server.Endpoint.Port)));
        var server = _stage.Server.Accept();
        application.Send("GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
        server.Expect("GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
        server.Send("HTTP/1.1 204 No Content\r\n\r\n");
        application.Expect("HTTP/1.1 204 No Content\r\n\r\n");
        application.Send("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 403", application.ReceiveText(60), StringComparison.Ordinal);
        application.Reset();
        server.ExpectReset();
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Theory]
    [InlineData(ThisNode, EnrolmentMode.Enabled)]
    [InlineData(OtherNode, EnrolmentMode.Disabled)]
    [InlineData(OtherNode, EnrolmentMode.Enabled)]
    public async Task Requests_pass_the_gate_of_their_own_side(string node, object mode)
    {
        var destination = Stage.ServerOn(node, mode: (EnrolmentMode)mode);
        if (node == ThisNode)
            _stage.Capture(destination);
        var (story, application) = await BeginAsync(destination, ClientMayAsk(OnlyOpen(_stage.Server.Endpoint.Port)));
        application.Send("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n");
        var server = _stage.Server.Accept();
        if (mode is EnrolmentMode.Enabled && node == OtherNode)
            await Patience.OnThread(() => server.StartServerTls(TestPki.ServerOptions(_stage.Pki.Server.Certificate)));
        Assert.StartsWith("HTTP/1.1 403", application.ReceiveText(60), StringComparison.Ordinal);
        application.Reset();
        Assert.Throws<IOException>(() => server.ReceiveToEnd());
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    [Produces(OutcomeReason.AuthenticationRequired)]
    public async Task To_who_is_not_enrolled_it_is_plaintext_if_policy_asks_no_authentication()
    {
        var plain = Stage.ServerOn(OtherNode, mode: EnrolmentMode.Disabled);
        var (story, application) = await BeginAsync(plain);
        await ConverseAsync(application, _stage.Server.Accept());
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);

        (story, _) = await BeginAsync(plain, ServerAdmitsClient(RequireAuthentication));
        Assert.Equal(OutcomeReason.AuthenticationRequired, (await story).Reason);
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    [Produces(OutcomeReason.ServerRefused)]
    public async Task A_port_where_nobody_listens_resets_the_client()
    {
        _stage.Server.Dispose();
        var (story, application) = await BeginAsync(s_remote);
        Assert.Equal(OutcomeReason.ServerRefused, (await story).Reason);
        application.ExpectReset();
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    [Produces(OutcomeReason.SpoofedClient)]
    public async Task A_client_that_uses_another_address_is_refused()
    {
        var other = Pod("client", "127.0.9.9");
        _stage.Mesh.Publish(ClusterOf("", other, s_remote));
        var (captured, application) = await _stage.CaptureAsync(_stage.Capture(other));
        Assert.Equal(OutcomeReason.SpoofedClient, (await _stage.GoOutAsync(captured)).Reason);
        application.ExpectReset();
    }

    private async Task<(Task<ConnectionOutcome> Story, Peer Application)> BeginAsync(
        Workload server, string policies = "", Workload? client = null, bool hasSvids = true)
    {
        client ??= s_client;
        _stage.Mesh.Publish(ClusterOf(policies, client, server));
        if (hasSvids)
            _stage.PublishSvids();
        var (captured, application) = await _stage.CaptureAsync(_stage.Capture(client));
        return (_stage.GoOutAsync(captured), application);
    }

    private static async Task ConverseAsync(Peer application, Peer server)
    {
        await Patience.OnThread(() =>
        {
            application.Send("ping");
            server.Expect("ping");
            application.End();
            server.ExpectEnd();
            server.Send("pong");
            server.End();
            Assert.Equal("pong", application.ReceiveToEnd());
        });
    }
}
