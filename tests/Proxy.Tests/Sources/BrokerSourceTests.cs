using Grpc.Core;
using Proxy.Spiffe;
using Proxy.Spiffe.Broker;
using Proxy.Spiffe.Broker.Protocol;
using Proxy.Spiffe.WorkloadApi.Protocol;
using Script = Proxy.Tests.Sources.Script<Proxy.Spiffe.Broker.Protocol.SubscribeToX509SVIDRequest, Proxy.Spiffe.Broker.Protocol.SubscribeToX509SVIDResponse>;
using WorkloadReference = Proxy.Spiffe.WorkloadReference;

namespace Proxy.Tests.Sources;

public sealed class BrokerSourceTests : IAsyncDisposable
{
    private readonly ApiPeer _peer = new();
    private readonly Material _own = new();
    private readonly Material _friend = new("friend.test");
    private readonly Material _foreign = new();
    private SourceRun? _run;

    public async ValueTask DisposeAsync()
    {
        if (_run is not null)
            await _run.DisposeAsync();
        await _peer.DisposeAsync();
        _own.Dispose();
        _friend.Dispose();
        _foreign.Dispose();
    }

    [Fact]
    public async Task A_pod_is_named_by_its_object_with_its_uid()
    {
        await StartAsync("spiffe://cluster.local/agent", "a");

        var call = await _peer.Brokered["uid-a"].OpenedAsync();

        var reference = call.Request.Reference.Reference;
        var pod = reference.Unpack<KubernetesObjectReference>();
        Assert.Equal("type.googleapis.com/spiffe.broker.KubernetesObjectReference", reference.TypeUrl);
        Assert.Equal(("pods", "core"), (pod.Type.Plural, pod.Type.Group));
        Assert.Equal(("default", "pod-a", "uid-a"), (pod.Key.Namespace, pod.Key.Name, pod.Uid));
        Assert.Equal("true", Assert.Single(call.Headers, header => header.Key == "broker.spiffe.io").Value);
    }

    [Fact]
    public async Task The_proxy_proves_itself_with_the_svid_of_its_workload_api()
    {
        var proxy = _own.WorkloadMessage("proxy");
        await StartAsync("spiffe://cluster.local/agent", proxy, "a");

        await _peer.Brokered["uid-a"].OpenedAsync();

        using var own = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(proxy.X509Svid.Span);
        Assert.Equal([own.SerialNumber], _peer.BrokerClients.Distinct());
    }

    [Fact]
    public async Task Each_workload_has_its_own_svids_and_bundles()
    {
        await StartAsync("spiffe://cluster.local/agent", "a", "b");
        _peer.Brokered["uid-a"].Say(new SubscribeToX509SVIDResponse { Svids = { _own.WorkloadMessage("a") }, FederatedBundles = { ["spiffe://friend.test"] = _friend.Roots } });
        _peer.Brokered["uid-b"].Say(new SubscribeToX509SVIDResponse { Svids = { _own.WorkloadMessage("b") } });

        var snapshot = await _run!.UntilAsync(snapshot => Has(snapshot, "a") && Has(snapshot, "b"));

        Assert.Null(snapshot.FindSvid("uid-a", _own.Id("b")));
        Assert.NotNull(snapshot.FindBundle("uid-a", _friend.Domain));
        Assert.Null(snapshot.FindBundle("uid-b", _friend.Domain));
        Assert.NotNull(snapshot.FindBundle("uid-b", _own.Domain));
    }

    [Theory]
    [InlineData(StatusCode.PermissionDenied)]
    [InlineData(StatusCode.NotFound)]
    public async Task A_workload_that_is_not_entitled_loses_what_it_had_and_no_other_does(StatusCode status)
    {
        await StartAsync("spiffe://cluster.local/agent", "a", "b");
        _peer.Brokered["uid-a"].Say(new SubscribeToX509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });
        _peer.Brokered["uid-b"].Say(new SubscribeToX509SVIDResponse { Svids = { _own.WorkloadMessage("b") } });
        await _run!.UntilAsync(snapshot => Has(snapshot, "a") && Has(snapshot, "b"));

        _peer.Brokered["uid-a"].End(status);

        var snapshot = await _run.UntilAsync(snapshot => !Has(snapshot, "a"));
        Assert.True(Has(snapshot, "b"));
        await _run.UntilLoggedAsync($"the SVIDs of default/pod-a from {_peer.BrokerEndpoint}: {status}");
    }

    [Fact]
    public async Task A_workload_whose_svid_does_not_come_holds_up_nobody()
    {
        await StartAsync("spiffe://cluster.local/agent", "a", "b");
        await _peer.Brokered["uid-a"].OpenedAsync();
        _peer.Brokered["uid-b"].Say(new SubscribeToX509SVIDResponse { Svids = { _own.WorkloadMessage("b") } });

        Assert.False(Has(await _run!.UntilAsync(snapshot => Has(snapshot, "b")), "a"));
    }

    [Theory]
    [InlineData("spiffe://cluster.local/other", "the broker is spiffe://cluster.local/agent, expected was spiffe://cluster.local/other")]
    [InlineData("spiffe://cluster.local/agents/*", "the broker is spiffe://cluster.local/agent, expected was spiffe://cluster.local/agents/*")]
    public async Task A_broker_that_is_somebody_else_is_told_nothing(string expected, string reason)
    {
        await StartAsync(expected, "a");

        await _run!.UntilLoggedAsync(reason);

        Assert.False(_peer.Brokered["uid-a"].HasUnseenCall);
        Assert.False(_run.Source.IsConnected);
    }

    [Fact]
    public async Task A_broker_of_another_root_of_the_same_trust_domain_is_not_believed()
    {
        await _peer.StartAsync(_foreign.Svid("agent"));
        Run("spiffe://cluster.local/agent", _own.WorkloadMessage("proxy"), "a");

        await _run!.UntilLoggedAsync("the broker's certificate: ");

        Assert.False(_peer.Brokered["uid-a"].HasUnseenCall);
    }

    [Fact]
    public async Task Without_an_svid_of_its_own_the_proxy_asks_for_none()
    {
        await _peer.StartAsync(_own.Svid("agent"));
        Run("spiffe://cluster.local/agent", null, "a");

        await _run!.UntilLoggedAsync("the Workload API gives this process no SVID");
        Assert.Empty(_peer.BrokerClients);
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("proxy") } });

        await _peer.Brokered["uid-a"].OpenedAsync();
    }

    [Fact]
    public async Task An_svid_of_its_own_that_is_a_moment_away_is_waited_for()
    {
        await _peer.StartAsync(_own.Svid("agent"));
        Run("spiffe://cluster.local/agent", null, "a", "b");
        await _peer.WorkloadApi.OpenedAsync();
        await Task.Delay(100, TestContext.Current.CancellationToken);
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("proxy") } });
        await _peer.Brokered["uid-a"].OpenedAsync();
        await _peer.Brokered["uid-b"].OpenedAsync();

        Assert.Equal("", _run!.Log);
        _peer.WorkloadApi.End(StatusCode.PermissionDenied, "no identity issued");
        await _run.UntilLoggedAsync($"the proxy's own SVID from {_peer.WorkloadEndpoint}: PermissionDenied: no identity issued");
    }

    private Task StartAsync(string expected, params string[] pods) => StartAsync(expected, _own.WorkloadMessage("proxy"), pods);

    private async Task StartAsync(string expected, Spiffe.WorkloadApi.Protocol.X509SVID proxy, params string[] pods)
    {
        await _peer.StartAsync(_own.Svid("agent"));
        Run(expected, proxy, pods);
    }

    private void Run(string expected, Spiffe.WorkloadApi.Protocol.X509SVID? proxy, params string[] pods)
    {
        if (proxy is not null)
            _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { proxy } });
        Assert.True(SpiffeIdPattern.TryParse(expected, out var server));
        foreach (var pod in pods)
            _peer.Brokered[$"uid-{pod}"] = new Script();
        _run = new SourceRun(
            log => new BrokerSource(_peer.BrokerEndpoint, server, _peer.WorkloadEndpoint, TimeProvider.System, log),
            [.. pods.Select(Pod)]);
    }

    private bool Has(IdentitySnapshot snapshot, string name) => snapshot.FindSvid($"uid-{name}", _own.Id(name)) is not null;

    private static WorkloadReference Pod(string name) => new($"uid-{name}", "default", $"pod-{name}", name, "node1", new Dictionary<string, string>());
}
