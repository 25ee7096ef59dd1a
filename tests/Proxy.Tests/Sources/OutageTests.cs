using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Proxy.Lifetime;
using Proxy.Spiffe;
using Proxy.Spiffe.Broker;
using Proxy.Spiffe.DelegatedIdentity;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.WorkloadApi;
using Proxy.Spiffe.X509;
using Proxy.Tests.Stories;
using Broker = Proxy.Spiffe.Broker.Protocol;
using Workload = Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Tests.Sources;

/// <summary>
/// A source that is killed for ten minutes of virtual time and comes back, at a real socket: what it said last stays in
/// force, SVIDs that expire meanwhile are gone, and it is said loudly, once.
/// </summary>
public sealed class OutageTests : IAsyncDisposable
{
    private static readonly TimeSpan Outage = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ShortLife = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongLife = TimeSpan.FromHours(1);

    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly ApiPeer _peer = new();
    private readonly CertificateAuthority _authority;
    private X509Svid? _broker;
    private SourceRun? _run;

    public OutageTests() => _authority = CertificateAuthority.Create(new TrustDomain("cluster.local"), _time);

    public async ValueTask DisposeAsync()
    {
        if (_run is not null)
            await _run.DisposeAsync();
        await _peer.DisposeAsync();
        _authority.Dispose();
    }

    [Fact]
    public async Task A_delegated_identity_source_serves_what_it_knew_and_returns_without_a_storm()
    {
        string[] pods = [.. Enumerable.Range(0, 20).Select(i => $"pod{i}")];
        foreach (var pod in pods)
            _peer.Delegated[$"uid-{pod}"] = new();
        SayAll();
        await StartAsync(log => new DelegatedIdentitySource(_peer.DelegatedSocket, _time, log), pods);
        await AllOpenedAsync();

        await SurviveAsync(pods, SayAll);

        await AllOpenedAsync();
        Assert.DoesNotContain(_peer.Delegated.Values, script => script.HasUnseenCall);
        Assert.False(_peer.DelegatedBundles.HasUnseenCall);

        void SayAll()
        {
            foreach (var pod in pods)
                _peer.Delegated[$"uid-{pod}"].Say(new SubscribeToX509SVIDsResponse { X509Svids = { DelegatedMessage(pod) } });
            _peer.DelegatedBundles.Say(new SubscribeToX509BundlesResponse { CaCertificates = { ["spiffe://cluster.local"] = ByteString.CopyFrom(_authority.RootCertificate.Span) } });
        }

        async Task AllOpenedAsync()
        {
            await Task.WhenAll(_peer.Delegated.Values.Select(script => script.OpenedAsync()));
            await _peer.DelegatedBundles.OpenedAsync();
        }
    }

    [Fact]
    public async Task A_broker_source_serves_what_it_knew_and_returns_without_a_storm()
    {
        string[] pods = [.. Enumerable.Range(0, 20).Select(i => $"pod{i}")];
        foreach (var pod in pods)
            _peer.Brokered[$"uid-{pod}"] = new();
        _broker = SvidOf("agent");
        SayAll();
        Assert.True(SpiffeIdPattern.TryParse("spiffe://cluster.local/agent", out var server));
        await StartAsync(log => new BrokerSource(_peer.BrokerEndpoint, server, _peer.WorkloadEndpoint, _time, log), pods);
        await AllOpenedAsync();

        await SurviveAsync(pods, SayAll);

        await AllOpenedAsync();
        Assert.DoesNotContain(_peer.Brokered.Values, script => script.HasUnseenCall);
        Assert.False(_peer.WorkloadApi.HasUnseenCall);

        void SayAll()
        {
            _peer.WorkloadApi.Say(new Workload.X509SVIDResponse { Svids = { WorkloadMessage("proxy") } });
            foreach (var pod in pods)
                _peer.Brokered[$"uid-{pod}"].Say(new Broker.SubscribeToX509SVIDResponse { Svids = { WorkloadMessage(pod) } });
        }

        async Task AllOpenedAsync()
        {
            await _peer.WorkloadApi.OpenedAsync();
            await Task.WhenAll(_peer.Brokered.Values.Select(script => script.OpenedAsync()));
        }
    }

    [Theory]
    [InlineData("pod0")]
    [InlineData("pod1")]
    public async Task A_workload_API_source_serves_what_it_knew_and_returns_without_a_storm(string pod)
    {
        SayAll();
        await StartAsync(log => new WorkloadApiSource(_peer.WorkloadEndpoint, _time, log), pod);
        await _peer.WorkloadApi.OpenedAsync();

        await SurviveAsync([pod], SayAll);

        await _peer.WorkloadApi.OpenedAsync();
        Assert.False(_peer.WorkloadApi.HasUnseenCall);

        void SayAll() => _peer.WorkloadApi.Say(new Workload.X509SVIDResponse { Svids = { WorkloadMessage(pod) } });
    }

    private async Task StartAsync(Func<Action<string>, IIdentitySource> create, params string[] pods)
    {
        await _peer.StartAsync(_broker);
        _run = new SourceRun(create, [.. pods.Select(PodOf)]);
        // The broker is asked again when the proxy has an SVID of its own.
        for (var left = 1000; left > 0 && !HasAll(_run.Source.Current, pods); left--)
            await AdvanceAsync(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100));
    }

    private async Task SurviveAsync(string[] pods, Action sayAll)
    {
        var run = _run!;
        var before = await run.UntilAsync(snapshot => HasAll(snapshot, pods));
        Assert.True(run.Source.IsConnected);

        await _peer.StopAsync();
        await AdvanceAsync(Outage, TimeSpan.FromSeconds(5));
        Assert.False(run.Source.IsConnected);
        Assert.Contains("Unavailable", run.Log, StringComparison.Ordinal);
        Assert.Contains("Unavailable", run.Source.LastError, StringComparison.Ordinal);
        AssertSaidOnce(run, pods);
        AssertExpirySaidOnce(run, pods);
        Assert.Same(before, run.Source.Current);
        foreach (var pod in pods)
            AssertServedIfNotExpired(run.Source.Current, pod);

        await _peer.StartAsync(_broker);
        sayAll();
        var back = run.UntilAsync(snapshot => pods.All(pod => Find(snapshot, pod) is { } svid && svid.Serial != SerialOf(before, pod)));
        for (var left = 600; left > 0 && !(back.IsCompleted && run.Source.IsConnected && run.Source.LastError is null); left--)
            await AdvanceAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        await back;
        Assert.True(run.Source.IsConnected);
        Assert.Null(run.Source.LastError);
        Assert.Contains("received again", run.Log, StringComparison.Ordinal);
    }

    // Told when it began, for each stream, and not for each attempt; how a server goes may show in two ways.
    private static void AssertSaidOnce(SourceRun run, string[] pods) =>
        Assert.InRange(run.Log.Split('\n').Count(line => line.Contains(" from ", StringComparison.Ordinal)), 1, 4 * (pods.Length + 1));

    private static void AssertExpirySaidOnce(SourceRun run, string[] pods)
    {
        foreach (var pod in pods)
            Assert.Equal(LifeOf(pod) < Outage ? 1 : 0, run.Log.Split('\n').Count(line => line.Contains($"the SVID of default/{pod} expired at ", StringComparison.Ordinal)));
    }

    private void AssertServedIfNotExpired(IdentitySnapshot snapshot, string pod)
    {
        var workload = Cast.Pod(pod, "10.0.0.1", uid: $"uid-{pod}", account: pod);
        var own = Credentials.Find(snapshot, workload, _authority.TrustDomain);
        Assert.NotNull(BundleOf(snapshot, pod));
        Assert.True(snapshot.Holds(workload.Uid, workload.ExpectedId));
        Assert.Equal(LifeOf(pod) > Outage, own is not null);
        if (own is null)
            Assert.Equal(OutcomeReason.NoClientSvid, Credentials.WhyNone(snapshot, workload, OutcomeReason.NoClientSvid));
    }

    // Attempts are made in real time: a moment for those that are due.
    private async Task AdvanceAsync(TimeSpan span, TimeSpan step)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += step)
        {
            _time.Advance(step);
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private bool HasAll(IdentitySnapshot snapshot, string[] pods) =>
        pods.All(pod => Find(snapshot, pod) is not null && BundleOf(snapshot, pod) is not null);

    private static X509Svid? Find(IdentitySnapshot snapshot, string pod) => snapshot.FindSvid($"uid-{pod}", IdOf(pod));

    private static string SerialOf(IdentitySnapshot snapshot, string pod) => snapshot.Svids.Single(held => held.Uid == $"uid-{pod}").Svid.Serial;

    private TrustBundle? BundleOf(IdentitySnapshot snapshot, string pod) => snapshot.FindBundle($"uid-{pod}", _authority.TrustDomain);

    private static SpiffeId IdOf(string pod) => SpiffeId.Parse($"spiffe://cluster.local/ns/default/sa/{pod}");

    private static WorkloadReference PodOf(string name) => new($"uid-{name}", "default", name, name, "node1", new Dictionary<string, string>());

    // Every other pod's SVID does not outlast the outage; the proxy's own does.
    private static TimeSpan LifeOf(string pod) => pod.StartsWith("pod", StringComparison.Ordinal) && (pod[^1] - '0') % 2 == 1 ? ShortLife : LongLife;

    private X509Svid SvidOf(string name)
    {
        var issued = _authority.Issue(SpiffeId.Parse($"spiffe://cluster.local/{name}"), LongLife);
        Assert.True(X509Svid.TryParse([issued.Certificate], issued.PrivateKey.Span, out var svid, out var error), error);
        return svid;
    }

    private Workload.X509SVID WorkloadMessage(string pod)
    {
        var issued = _authority.Issue(IdOf(pod), LifeOf(pod));
        return new Workload.X509SVID
        {
            SpiffeId = issued.Id.ToString(),
            X509Svid = ByteString.CopyFrom(issued.Certificate.Span),
            X509SvidKey = ByteString.CopyFrom(issued.PrivateKey.Span),
            Bundle = ByteString.CopyFrom(_authority.RootCertificate.Span),
        };
    }

    private X509SVIDWithKey DelegatedMessage(string pod)
    {
        var issued = _authority.Issue(IdOf(pod), LifeOf(pod));
        return new X509SVIDWithKey
        {
            X509Svid = new Spiffe.DelegatedIdentity.Protocol.X509SVID
            {
                Id = new SPIFFEID { TrustDomain = issued.Id.TrustDomain.Name, Path = issued.Id.Path },
                CertChain = { ByteString.CopyFrom(issued.Certificate.Span) },
            },
            X509SvidKey = ByteString.CopyFrom(issued.PrivateKey.Span),
        };
    }
}
