using System.Net.Security;
using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Spiffe;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>From a machine outside the cluster to a pod.</summary>
public sealed class ExternalInboundTests : IDisposable
{
    private static readonly SpiffeId s_own = SpiffeId.Parse("spiffe://cluster.local/legacy/teller");
    private static readonly SpiffeId s_foreign = SpiffeId.Parse("spiffe://example.org/legacy/teller");
    private static readonly Workload s_server = Stage.ServerOn(ThisNode);

    private readonly TestPki _foreign = new(domain: new TrustDomain("example.org"));
    private readonly Stage _stage = new();

    public void Dispose()
    {
        _stage.Dispose();
        _foreign.Dispose();
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task A_proven_machine_is_authenticated_and_selected_by_its_labels(bool isOwnDomain, bool speaksHttp)
    {
        var (story, client) = await BeginAsync(WireForm.MutualTls, isOwnDomain ? s_own : s_foreign, Admits(RequireAuthentication));
        var options = ClientOptions(isOwnDomain ? _stage.Pki : _foreign, isOwnDomain ? s_own : s_foreign);
        if (speaksHttp)
            options.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        await Patience.OnThread(() => client.StartClientTls(options));
        await Patience.OnThread(() =>
        {
            client.Send("ping");
            var server = _stage.Server.Accept();
            server.Expect("ping");
            client.End();
            server.ExpectEnd();
            server.Send("pong");
            server.End();
            Assert.Equal("pong", client.ReceiveToEnd());
        });
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task Plaintext_from_it_never_reaches_the_pod()
    {
        foreach (var form in (WireForm[])[WireForm.MutualTls, WireForm.Tunnels])
        {
            var (story, client) = await BeginAsync(form, s_own, "");
            client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.Equal(OutcomeReason.HandshakeFailed, (await story).Reason);
            Assert.False(_stage.Server.HasCaller());
        }
    }

    [Theory]
    [InlineData("spiffe://cluster.local/legacy/other", true, nameof(OutcomeReason.PeerUnexpectedId))]
    [InlineData("spiffe://cluster.local/legacy/teller", false, nameof(OutcomeReason.PeerUntrusted))] // signed by the other domain
    [InlineData("spiffe://example.org/legacy/teller", false, nameof(OutcomeReason.PeerUntrusted))] // proven there, which does not count here
    public async Task Another_ID_or_another_authority_never_reaches_the_pod(string id, bool isOwnAuthority, string reason)
    {
        var (story, client) = await BeginAsync(WireForm.MutualTls, s_own, "");
        var leaf = (isOwnAuthority ? _stage.Pki : _foreign).Forge([id]);
        await Patience.OnThread(() => Record.Exception(() => client.StartClientTls(TestPki.ClientOptions(leaf))));
        Assert.Equal(reason, (await story).Reason.ToString());
        Assert.False(_stage.Server.HasCaller());
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task Without_a_certificate_it_never_reaches_the_pod()
    {
        var (story, client) = await BeginAsync(WireForm.MutualTls, s_own, "");
        await Patience.OnThread(() => Record.Exception(() => client.StartClientTls(TestPki.ClientOptions(null))));
        Assert.Contains((await story).Reason, (OutcomeReason[])[OutcomeReason.PeerWithoutCertificate, OutcomeReason.HandshakeFailed]);
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    public async Task Its_requests_are_judged()
    {
        var (story, client) = await BeginAsync(WireForm.MutualTls, s_own, Admits(OnlyOpen(_stage.Server.Endpoint.Port)));
        await Patience.OnThread(() => client.StartClientTls(ClientOptions(_stage.Pki, s_own)));
        await Patience.OnThread(() =>
        {
            client.Send("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 403", client.ReceiveText(60), StringComparison.Ordinal);
            client.Reset();
        });
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
    }

    [Fact]
    public async Task One_that_speaks_plaintext_is_nobody()
    {
        var (story, client) = await BeginAsync(WireForm.Plaintext, s_own, Admits(""));
        await Patience.OnThread(() =>
        {
            client.Send("ping");
            var server = _stage.Server.Accept();
            server.Expect("ping");
            client.Reset();
            server.ExpectReset();
        });
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);

        (story, client) = await BeginAsync(WireForm.Plaintext, s_own, Admits(RequireAuthentication));
        Assert.Equal(OutcomeReason.AuthenticationRequired, (await story).Reason);
        client.ExpectReset();
    }

    private static string Admits(string more) => ServerAdmitsClient(more).Replace("app: client", "app: teller", StringComparison.Ordinal);

    private static SslClientAuthenticationOptions ClientOptions(TestPki pki, SpiffeId id) => TestPki.ClientOptions(pki.Issue(id).Certificate);

    private async Task<(Task<ConnectionOutcome> Story, Peer Client)> BeginAsync(WireForm form, SpiffeId id, string policies)
    {
        _stage.Mesh.Publish(ClusterOf(policies, Machine("teller", Stage.ClientAddress, form, id), s_server));
        var identity = new WorkloadIdentity([_stage.Pki.Server], [_foreign.Bundle.TrustDomain]);
        _stage.Mesh.Publish(new IdentitySnapshot(1, [new("server", identity)], [_stage.Pki.Bundle, _foreign.Bundle], TimeProvider.System));
        var (captured, peer) = await _stage.CaptureAsync(_stage.Capture(s_server));
        return (_stage.ComeInAsync(captured), peer);
    }
}
