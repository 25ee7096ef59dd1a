using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tests.Engine;
using Proxy.Tests.Lifetime;
using Proxy.Tests.Tls;
using Proxy.Tls;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>From a pod to a machine outside the cluster.</summary>
public sealed class ExternalOutboundTests : IDisposable
{
    private static readonly SpiffeId s_own = SpiffeId.Parse("spiffe://cluster.local/legacy/ledger");
    private static readonly SpiffeId s_foreign = SpiffeId.Parse("spiffe://example.org/legacy/ledger");

    private readonly TestPki _foreign = new(domain: new TrustDomain("example.org"));
    private Stage _stage = new();

    public void Dispose()
    {
        _stage.Dispose();
        _foreign.Dispose();
    }

    [Theory]
    [InlineData(nameof(TlsEngine.SslStream))]
    [InlineData(nameof(TlsEngine.LibSsl))]
    public async Task A_machine_that_speaks_for_itself_sees_the_pods_SVID_and_is_offered_no_tunnel(string engine)
    {
        _stage.Dispose();
        _stage = new Stage(engine: Enum.Parse<TlsEngine>(engine));
        var (story, application) = await BeginAsync(WireForm.MutualTls, s_own);
        var (seen, offered) = (default(string), default(SslApplicationProtocol));
        var server = await AcceptAsync(_stage.Pki, s_own, stream => (seen, offered) = (NameOf(stream.RemoteCertificate), stream.NegotiatedApplicationProtocol));
        await ConverseAsync(application, server);
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
        Assert.Equal(TestPki.ClientId.ToString(), seen);
        Assert.Equal(default, offered);
        await _stage.AssertNothingHeldAsync();
    }

    [Fact]
    public async Task A_rule_that_demands_authentication_lets_it_through()
    {
        var (story, application) = await BeginAsync(WireForm.MutualTls, s_own, ClientReaches(RequireAuthentication));
        await ConverseAsync(application, await AcceptAsync(_stage.Pki, s_own));
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    [Fact]
    public async Task A_machine_of_another_trust_domain_is_proven_by_that_domains_bundle()
    {
        var (story, application) = await BeginAsync(WireForm.MutualTls, s_foreign);
        await ConverseAsync(application, await AcceptAsync(_foreign, s_foreign));
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    [Fact]
    public async Task Another_trust_domain_that_the_pod_does_not_federate_with_is_not_believed()
    {
        var (story, application) = await BeginAsync(WireForm.MutualTls, s_foreign, federates: false);
        Assert.Equal(OutcomeReason.NoBundle, (await story).Reason);
        application.ExpectReset();
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    [Produces(OutcomeReason.PeerUntrusted)]
    public async Task The_own_authority_proves_nobody_of_another_trust_domain_and_the_other_nobody_of_ours()
    {
        // A name of the other domain, signed by our authority.
        var (story, _) = await BeginAsync(WireForm.MutualTls, s_foreign);
        var forged = _stage.Pki.Forge([s_foreign.ToString()]);
        await RefuseAsync(forged);
        Assert.Equal(OutcomeReason.PeerUntrusted, (await story).Reason);

        (story, _) = await BeginAsync(WireForm.MutualTls, s_own);
        await RefuseAsync(_foreign.Forge([s_own.ToString()]));
        Assert.Equal(OutcomeReason.PeerUntrusted, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    [Theory]
    [InlineData("spiffe://cluster.local/legacy/other")]
    [InlineData("spiffe://cluster.local/ns/default/sa/client")]
    public async Task A_machine_with_another_ID_is_refused(string id)
    {
        var (story, application) = await BeginAsync(WireForm.MutualTls, s_own);
        application.Send("secret");
        await RefuseAsync(_stage.Pki.Issue(SpiffeId.Parse(id)).Certificate);
        Assert.Equal(OutcomeReason.PeerUnexpectedId, (await story).Reason);
        application.ExpectReset();
    }

    [Fact]
    public async Task A_machine_with_a_node_proxy_is_offered_a_tunnel()
    {
        var (story, application) = await BeginAsync(WireForm.Tunnels, s_own);
        var offered = default(SslApplicationProtocol);
        await AcceptAsync(_stage.Pki, s_own, stream => offered = stream.NegotiatedApplicationProtocol);
        application.Reset();
        Assert.Equal(TlsContexts.TunnelProtocol, offered);
        await story;
    }

    [Fact]
    public async Task A_machine_without_TLS_gets_plaintext_unless_a_rule_demands_authentication()
    {
        var (story, application) = await BeginAsync(WireForm.Plaintext, s_own);
        await ConverseAsync(application, _stage.Server.Accept());
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);

        (story, application) = await BeginAsync(WireForm.Plaintext, s_own, ClientReaches(RequireAuthentication));
        Assert.Equal(OutcomeReason.AuthenticationRequired, (await story).Reason);
        application.ExpectReset();
        Assert.False(_stage.Server.HasCaller());
    }

    [Fact]
    [Produces(OutcomeReason.PortNotOffered)]
    public async Task A_port_that_the_machine_does_not_list_is_refused_after_the_hold()
    {
        var (story, application) = await BeginAsync(WireForm.MutualTls, s_own, ports: [(TransportProtocol.Tcp, 1), (TransportProtocol.Udp, _stage.Server.Endpoint.Port)]);
        Assert.Equal(OutcomeReason.PortNotOffered, (await story).Reason);
        application.ExpectReset();
        Assert.False(_stage.Server.HasCaller());

        (story, application) = await BeginAsync(WireForm.MutualTls, s_own, ports: (TransportProtocol.Tcp, _stage.Server.Endpoint.Port));
        await ConverseAsync(application, await AcceptAsync(_stage.Pki, s_own));
        Assert.Equal(OutcomeReason.Completed, (await story).Reason);
    }

    [Fact]
    public async Task Requests_to_it_are_judged_here_since_nobody_does_there()
    {
        var policy = ServerAdmitsClient(ports: OnlyOpen(_stage.Server.Endpoint.Port)).Replace("app: server", "app: ledger", StringComparison.Ordinal);
        var (story, application) = await BeginAsync(WireForm.MutualTls, s_own, policy);
        var server = await AcceptAsync(_stage.Pki, s_own);
        await Patience.OnThread(() =>
        {
            application.Send("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 403", application.ReceiveText(60), StringComparison.Ordinal);
            application.Reset();
            Assert.ThrowsAny<IOException>(() => server.ReceiveToEnd());
        });
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);

        (story, application) = await BeginAsync(WireForm.MutualTls, s_own, policy);
        server = await AcceptAsync(_stage.Pki, s_own);
        await Patience.OnThread(() =>
        {
            application.Send("GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
            server.Expect("GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
            application.Reset();
            Assert.ThrowsAny<IOException>(() => server.ReceiveToEnd());
        });
        await story;
    }

    [Fact]
    public async Task What_is_said_of_it_later_reaches_its_live_connections()
    {
        var (story, application) = await BeginAsync(WireForm.MutualTls, s_own);
        var server = await AcceptAsync(_stage.Pki, s_own);
        application.Send("ping");
        await Patience.OnThread(() => server.Expect("ping"));
        Publish(WireForm.MutualTls, s_foreign);
        Assert.Equal(OutcomeReason.PeerUnexpectedId, (await story).Reason);
        application.ExpectReset();

        (story, application) = await BeginAsync(WireForm.MutualTls, s_own);
        server = await AcceptAsync(_stage.Pki, s_own);
        application.Send("ping");
        await Patience.OnThread(() => server.Expect("ping"));
        Publish(WireForm.Plaintext, s_own);
        Assert.Equal(OutcomeReason.WorkloadChanged, (await story).Reason);
        application.ExpectReset();
    }

    [Fact]
    public async Task A_TLS_stream_that_ends_without_saying_so_is_no_end()
    {
        var (story, application) = await BeginAsync(WireForm.MutualTls, s_own);
        var server = await AcceptAsync(_stage.Pki, s_own);
        await Patience.OnThread(() =>
        {
            server.Send("half an ans");
            application.Expect("half an ans");
            server.EndSocket();
            application.ExpectReset();
        });
        Assert.Equal(OutcomeReason.Reset, (await story).Reason);
    }

    private static string ClientReaches(string more) => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: client-reaches, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: client} }
          egress:
            - toEndpoints: [{matchLabels: {app: ledger} }]
              {{more}}
        """;

    private async Task<(Task<ConnectionOutcome> Story, Peer Application)> BeginAsync(
        WireForm form, SpiffeId id, string policies = "", bool federates = true, params (TransportProtocol, ushort)[] ports)
    {
        Publish(form, id, policies, ports);
        TrustDomain[] others = federates ? [_foreign.Bundle.TrustDomain] : [];
        var identity = new WorkloadIdentity([_stage.Pki.Client], others);
        _stage.Mesh.Publish(new IdentitySnapshot(1, [new("client", identity)], [_stage.Pki.Bundle, _foreign.Bundle], TimeProvider.System));
        var (captured, application) = await _stage.CaptureAsync(_stage.Capture(Stage.Client()));
        return (_stage.GoOutAsync(captured), application);
    }

    private void Publish(WireForm form, SpiffeId id, string policies = "", params (TransportProtocol, ushort)[] ports) =>
        _stage.Mesh.Publish(ClusterOf(policies, Stage.Client(), Machine("ledger", Stage.ServerAddress, form, id, ports)));

    private async Task<Peer> AcceptAsync(TestPki pki, SpiffeId id, Action<SslStream>? look = null)
    {
        var options = TestPki.ServerOptions(pki.Issue(id).Certificate);
        options.ApplicationProtocols = [TlsContexts.TunnelProtocol, SslApplicationProtocol.Http11];
        var server = _stage.Server.Accept();
        await Patience.OnThread(() => server.StartServerTls(options));
        look?.Invoke(server.Tls!);
        return server;
    }

    private async Task RefuseAsync(X509Certificate2 certificate)
    {
        var server = _stage.Server.Accept();
        var broken = await Patience.OnThread(() => Record.Exception(() =>
        {
            server.StartServerTls(TestPki.ServerOptions(certificate));
            Assert.Equal("", server.ReceiveToEnd());
        }));
        Assert.NotNull(broken);
    }

    private static string? NameOf(X509Certificate? certificate) =>
        certificate is X509Certificate2 leaf ? SvidVerifier.Verify([leaf], _ => null, TimeProvider.System.GetUtcNow()).Id?.ToString() : null;

    private static Task ConverseAsync(Peer application, Peer server) => Patience.OnThread(() =>
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
