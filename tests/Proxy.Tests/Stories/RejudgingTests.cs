using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tests.Lifetime;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>Promise 4: a change of the mesh reaches live connections.</summary>
public sealed class RejudgingTests : IDisposable
{
    private static readonly Workload s_client = Stage.Client();
    private static readonly Workload s_server = Stage.ServerOn(ThisNode);

    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task What_is_still_allowed_stays()
    {
        var live = await RegisterAsync();
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(RequireAuthentication), s_client, s_server));
        _stage.PublishSvids();
        Assert.Null(await CutReasonAsync(live.Connection));
        Assert.Equal(0, _stage.Flows.Next);
    }

    [Fact]
    public async Task A_policy_that_now_refuses_cuts_an_idle_connection_in_the_posted_turn()
    {
        var live = await RegisterAsync();
        var other = Stage.Client("other");
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(), other, s_server));
        Assert.Equal(OutcomeReason.PolicyChanged, await CutReasonAsync(live.Connection));
        live.Client.ExpectReset();
        live.Server.ExpectReset();
        Assert.Equal(1, _stage.Flows.Next);
    }

    [Fact]
    public async Task A_demand_for_authentication_cuts_who_has_none()
    {
        var live = await RegisterAsync();
        live.Connection.Authentication = PeerAuthentication.Unauthenticated;
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(RequireAuthentication), s_client, s_server));
        Assert.Equal(OutcomeReason.PolicyChanged, await CutReasonAsync(live.Connection));
    }

    [Fact]
    public async Task A_connection_whose_judgement_fails_is_cut_and_the_others_are_judged_all_the_same()
    {
        Task<(LiveConnection Connection, Engine.Peer Client, Engine.Peer Server)>[] all = [RegisterAsync(), RegisterAsync(), RegisterAsync()];
        var live = await Task.WhenAll(all);
        live[1].Connection.HasGate = true;
        live[1].Connection.RefusesUnderway = _ => throw new FormatException("a bug");
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(ports: OnlyOpen(Port)), s_client, s_server));
        Assert.Equal(OutcomeReason.InternalError, await CutReasonAsync(live[1].Connection));
        Assert.Equal(OutcomeReason.GateRequired, live[0].Connection.CutReason);
        Assert.Equal(OutcomeReason.GateRequired, live[2].Connection.CutReason);
        Assert.Equal("a bug", Assert.Single(_stage.Worker.Faults).Message);
    }

    [Fact]
    public async Task Another_pod_at_the_same_address_cuts()
    {
        var live = await RegisterAsync();
        _stage.Mesh.Publish(ClusterOf("", s_client, Stage.ServerOn(ThisNode, uid: "successor")));
        Assert.Equal(OutcomeReason.WorkloadChanged, await CutReasonAsync(live.Connection));
        live.Server.ExpectReset();
    }

    [Fact]
    public async Task A_pod_that_is_gone_cuts()
    {
        var live = await RegisterAsync();
        _stage.Mesh.Publish(ClusterOf("", s_server));
        Assert.Equal(OutcomeReason.WorkloadChanged, await CutReasonAsync(live.Connection));
    }

    [Theory]
    [InlineData("client", nameof(OutcomeReason.NoClientSvid))]
    [InlineData("server", nameof(OutcomeReason.NoServerSvid))]
    public async Task A_withdrawn_SVID_cuts(string withdrawn, string reason)
    {
        var live = await RegisterAsync();
        live.Connection.Proof = new ConnectionProof(s_client.ExpectedId, s_server.ExpectedId, true, true);
        var left = withdrawn == "client" ? ("server", _stage.Pki.Server) : ("client", _stage.Pki.Client);
        _stage.Mesh.Publish(Identities(_stage.Pki, left));
        Assert.Equal(reason, (await CutReasonAsync(live.Connection)).ToString());
    }

    [Fact]
    public async Task A_rotated_SVID_does_not_cut()
    {
        var live = await RegisterAsync();
        live.Connection.Proof = new ConnectionProof(s_client.ExpectedId, s_server.ExpectedId, true, true);
        _stage.Mesh.Publish(Identities(_stage.Pki, ("client", _stage.Pki.Issue(s_client.ExpectedId)), ("server", _stage.Pki.Server)));
        Assert.Null(await CutReasonAsync(live.Connection));
    }

    [Fact]
    public async Task An_SVID_that_has_expired_and_is_still_held_does_not_cut()
    {
        var live = await RegisterAsync();
        live.Connection.Proof = new ConnectionProof(s_client.ExpectedId, s_server.ExpectedId, true, true);
        var date = new Engine.SetDate { Now = _stage.Pki.Client.ExpiresAt };
        var held = Identities(_stage.Pki.Bundle, date, ("client", _stage.Pki.Client), ("server", _stage.Pki.Server));
        Assert.Null(held.FindSvid("client", s_client.ExpectedId));
        _stage.Mesh.Publish(held);
        Assert.Null(await CutReasonAsync(live.Connection));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_root_that_is_gone_cuts(bool clientIsOurs, bool serverIsOurs)
    {
        var live = await RegisterAsync();
        live.Connection.Proof = new ConnectionProof(s_client.ExpectedId, s_server.ExpectedId, clientIsOurs, serverIsOurs)
        {
            ClientRoot = serverIsOurs ? _stage.Pki.Bundle.Roots[0] : null,
            ServerRoot = clientIsOurs ? _stage.Pki.Bundle.Roots[0] : null,
        };
        using var next = new Tls.TestPki();
        var both = new TrustBundle(Tls.TestPki.Domain, [.. next.Bundle.Roots, .. _stage.Pki.Bundle.Roots]);
        _stage.Mesh.Publish(Identities(both, ("client", _stage.Pki.Client), ("server", _stage.Pki.Server)));
        Assert.Null(await CutReasonAsync(live.Connection));
        _stage.Mesh.Publish(Identities(next.Bundle, ("client", _stage.Pki.Client), ("server", _stage.Pki.Server)));
        Assert.Equal(OutcomeReason.PeerUntrusted, await CutReasonAsync(live.Connection));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [Produces(OutcomeReason.NoBundle)]
    public async Task A_bundle_that_is_gone_cuts(bool clientIsOurs, bool serverIsOurs)
    {
        var live = await RegisterAsync();
        live.Connection.Proof = new ConnectionProof(s_client.ExpectedId, s_server.ExpectedId, clientIsOurs, serverIsOurs);
        var others = new TrustBundle(new TrustDomain("other"), _stage.Pki.Bundle.Roots);
        _stage.Mesh.Publish(Identities(others, ("client", _stage.Pki.Client), ("server", _stage.Pki.Server)));
        Assert.Equal(OutcomeReason.NoBundle, await CutReasonAsync(live.Connection));
    }

    [Fact]
    public async Task A_bundle_that_another_workload_may_use_is_none_of_ours()
    {
        var live = await RegisterAsync();
        live.Connection.Proof = new ConnectionProof(s_client.ExpectedId, s_server.ExpectedId, ClientIsOurs: true, ServerIsOurs: false);
        var client = new WorkloadIdentity([_stage.Pki.Client], []) { Bundles = [] };
        var other = new WorkloadIdentity([_stage.Pki.Server], []) { Bundles = [_stage.Pki.Bundle] };
        _stage.Mesh.Publish(new IdentitySnapshot(1, [new("client", client), new("server", other)], [], TimeProvider.System));
        Assert.Equal(OutcomeReason.NoBundle, await CutReasonAsync(live.Connection));
    }

    [Fact]
    public async Task A_workload_that_is_expected_to_be_another_cuts()
    {
        var live = await RegisterAsync();
        live.Connection.Proof = new ConnectionProof(s_client.ExpectedId, s_server.ExpectedId, false, false);
        _stage.Mesh.Publish(ClusterOf("", Pod("client", Stage.ClientAddress, account: "promoted"), s_server));
        Assert.Equal(OutcomeReason.PeerUnexpectedId, await CutReasonAsync(live.Connection));
    }

    [Fact]
    [Produces(OutcomeReason.GateRequired)]
    public async Task Rules_for_requests_cut_a_connection_without_a_gate_and_change_the_rules_of_one_with()
    {
        var bare = await RegisterAsync();
        var gated = await RegisterAsync();
        gated.Connection.HasGate = true;
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(ports: OnlyOpen(Port)), s_client, s_server));
        Assert.Equal(OutcomeReason.GateRequired, await CutReasonAsync(bare.Connection));
        Assert.Null(await CutReasonAsync(gated.Connection));
        Assert.NotNull(gated.Connection.Http);
        _stage.Mesh.Publish(ClusterOf("", s_client, s_server));
        Assert.Null(await CutReasonAsync(gated.Connection));
        Assert.Null(gated.Connection.Http);
    }

    [Fact]
    public async Task Labels_are_followed_and_judged_by_from_then_on()
    {
        var live = await RegisterAsync();
        var relabelled = Stage.Client("other");
        _stage.Mesh.Publish(ClusterOf("", relabelled, s_server));
        Assert.Null(await CutReasonAsync(live.Connection));
        Assert.Same(relabelled, live.Connection.Parties.Client.Workload);
    }

    private async Task<(LiveConnection Connection, Engine.Peer Client, Engine.Peer Server)> RegisterAsync()
    {
        _stage.Mesh.Publish(ClusterOf("", s_client, s_server));
        _stage.PublishSvids();
        await _stage.Worker.SettleAsync();
        return await _stage.RegisterAsync(new Parties(
            new Party(new Endpoint(AddressOf(Stage.ClientAddress), 40000), s_client),
            new Party(new Endpoint(AddressOf(Stage.ServerAddress), Port), s_server), null));
    }

    private Task<OutcomeReason?> CutReasonAsync(LiveConnection connection) => _stage.Worker.AskAsync(() => connection.CutReason);
}
