using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Lifetime;
using Proxy.Tests.Tls;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

public sealed class InboundTests : IDisposable
{
    private static readonly Workload s_remote = Stage.Client(node: OtherNode);
    private static readonly Workload s_server = Stage.ServerOn(ThisNode);

    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task A_proven_client_reaches_the_pod_from_its_own_address()
    {
        var (story, client) = await BeginAsync(ServerAdmitsClient(RequireAuthentication));
        await Patience.OnThread(() => client.StartClientTls(TestPki.ClientOptions(_stage.Pki.Client.Certificate)));
        client.Send("ping");
        var server = _stage.Server.Accept();
        Assert.Equal(Stage.ClientAddress, server.Remote.Address.ToString());
        server.Expect("ping");
        client.End();
        server.ExpectEnd();
        server.Send("pong");
        server.End();
        Assert.Equal("pong", client.ReceiveToEnd());
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    [Produces(OutcomeReason.HandshakeFailed)]
    public async Task Plaintext_from_an_enrolled_address_never_reaches_the_pod()
    {
        var (story, client) = await BeginAsync();
        client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(OutcomeReason.HandshakeFailed, (await story).Reason);
        Assert.False(_stage.Server.HasCaller());
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task Another_ID_than_that_of_the_workload_at_the_address_never_reaches_the_pod()
    {
        var (story, client) = await BeginAsync();
        await Patience.OnThread(() => Record.Exception(() => client.StartClientTls(TestPki.ClientOptions(_stage.Pki.Server.Certificate))));
        Assert.Equal(OutcomeReason.PeerUnexpectedId, (await story).Reason);
        Assert.False(_stage.Server.HasCaller());
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    [Produces(OutcomeReason.Reset)]
    public async Task A_client_that_is_not_enrolled_is_served_in_plaintext_as_nobody()
    {
        var plain = Stage.Client(node: OtherNode, mode: EnrolmentMode.Disabled);
        var (story, client) = await BeginAsync(ServerAdmitsClient(), plain);
        client.Send("ping");
        var server = _stage.Server.Accept();
        server.Expect("ping");
        client.Reset();
        server.ExpectReset();
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);

        (story, client) = await BeginAsync(ServerAdmitsClient(RequireAuthentication), plain);
        Assert.Equal(OutcomeReason.AuthenticationRequired, (await story).Reason);
        client.ExpectReset();
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    public async Task A_server_pod_is_judged_by_its_newest_labels()
    {
        var stale = _stage.Capture(Stage.ServerOn(ThisNode, "open"));
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(), Stage.Client("stranger", OtherNode, EnrolmentMode.Disabled), s_server));
        var (captured, client) = await _stage.CaptureAsync(stale);
        Assert.Equal(OutcomeReason.PolicyDenied, (await _stage.ComeInAsync(captured)).Reason);
        client.ExpectReset();
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    [Produces(OutcomeReason.NoServerSvid)]
    public async Task A_server_SVID_withdrawn_during_the_handshake_is_not_served_with()
    {
        var (story, client) = await BeginAsync();
        await _stage.Worker.SettleAsync();
        _stage.Mesh.Publish(Identities(_stage.Pki, ("client", _stage.Pki.Client)));
        await Patience.OnThread(() => Record.Exception(() => client.StartClientTls(TestPki.ClientOptions(_stage.Pki.Client.Certificate))));
        Assert.Equal(OutcomeReason.NoServerSvid, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_cut_during_the_handshake_ends_the_story_with_its_reason()
    {
        var (story, client) = await BeginAsync();
        await _stage.Worker.SettleAsync();
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(), Stage.Client("stranger", OtherNode), s_server));
        Assert.Equal(OutcomeReason.PolicyChanged, (await story).Reason);
        client.ExpectReset();
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    [Produces(OutcomeReason.UnknownClient)]
    public async Task An_unknown_client_of_the_pod_ranges_is_refused_after_the_hold()
    {
        _stage.Mesh.Publish(ClusterOf("", s_server));
        var pod = _stage.Capture(s_server);
        var (captured, client) = await _stage.CaptureAsync(pod);
        captured = captured with { Client = new(new(AddressOf("10.0.9.9"), 40000)) };
        Assert.Equal(OutcomeReason.UnknownClient, (await _stage.ComeInAsync(captured)).Reason);
        client.ExpectReset();
    }

    private async Task<(Task<ConnectionOutcome> Story, Peer Client)> BeginAsync(string policies = "", Workload? client = null)
    {
        _stage.Mesh.Publish(ClusterOf(policies, client ?? s_remote, s_server));
        _stage.PublishSvids();
        var (captured, peer) = await _stage.CaptureAsync(_stage.Capture(s_server));
        return (_stage.ComeInAsync(captured), peer);
    }
}
