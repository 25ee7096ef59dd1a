using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Proxy.Spiffe.DelegatedIdentity;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.DelegatedIdentity;

public sealed class DelegatedIdentityTests : IDisposable
{
    private static readonly SpiffeId Alice = SpiffeId.Parse("spiffe://td/alice");

    private readonly TestAuthority _root = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Fact]
    public void Back_off_doubles_from_100_ms_to_10_s()
    {
        var backOff = new BackOff(TimeProvider.System);
        var delays = Enumerable.Range(0, 9).Select(_ => backOff.Next(0.5).TotalMilliseconds).ToArray();
        Assert.Equal([100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000], delays);
        backOff.Reset();
        Assert.Equal(80, backOff.Next(0).TotalMilliseconds);
        Assert.InRange(backOff.Next(1).TotalMilliseconds, 200, 240);
    }

    [Fact]
    public async Task A_bug_in_one_stream_is_reported_and_another_stream_is_opened()
    {
        var time = new FakeTimeProvider();
        using var stop = new CancellationTokenSource();
        var faults = new List<string?>();
        var subscription = new Subscription<SubscribeToX509SVIDsResponse>(
            "pod", time, _ => throw new FormatException("a bug"), _ => null, (_, fault) => faults.Add(fault));
        var running = subscription.RunAsync(stop.Token);
        time.Advance(TimeSpan.FromSeconds(1));
        while (faults.Count < 2)
            await Task.Delay(1, TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await running;
        Assert.All(faults, fault => Assert.Equal("unexpected FormatException: a bug", fault));
    }

    [Fact]
    public void All_that_is_known_of_a_pod_becomes_a_selector()
    {
        var pod = new WorkloadReference("u", "default", "xwing", "x", "node1", new Dictionary<string, string> { ["org"] = "alliance", ["empty"] = "" });
        var selectors = WorkloadSelectors.CreateRequest(pod).Selectors.Select(selector => $"{selector.Type}:{selector.Value}");
        Assert.Equal(
            ["k8s:ns:default", "k8s:sa:x", "k8s:pod-name:xwing", "k8s:pod-uid:u", "k8s:node-name:node1", "k8s:pod-label:empty:", "k8s:pod-label:org:alliance"],
            selectors);
    }

    [Fact]
    public void A_message_with_one_bad_SVID_is_refused_as_a_whole()
    {
        var response = new SubscribeToX509SVIDsResponse { X509Svids = { Message("/alice"), Message("/alice") } };
        Assert.True(ResponseReader.TryRead(response, out var identity, out _));
        Assert.Equal(2, identity.Svids.Count);
        response.X509Svids[1] = Message("/bob");
        Assert.False(ResponseReader.TryRead(response, out _, out var error));
        Assert.Contains("different IDs", error, StringComparison.Ordinal);
        response.X509Svids[1] = new X509SVIDWithKey();
        Assert.False(ResponseReader.TryRead(response, out _, out _));
    }

    [Fact]
    public void Bundles_are_keyed_by_name_or_ID_but_not_by_both()
    {
        var der = ByteString.CopyFrom(_root.Certificate.RawData);
        var response = new SubscribeToX509BundlesResponse { CaCertificates = { ["spiffe://td"] = der, ["other"] = der } };
        Assert.True(ResponseReader.TryRead(response, out var bundles, out _));
        Assert.Equal(["other", "td"], bundles.Select(bundle => bundle.TrustDomain.Name).Order());
        response.CaCertificates["td"] = der;
        Assert.False(ResponseReader.TryRead(response, out _, out _));
        Assert.False(ResponseReader.TryRead(new SubscribeToX509BundlesResponse { CaCertificates = { ["TD"] = der } }, out _, out _));
    }

    [Fact]
    public void An_expired_SVID_is_not_found()
    {
        var time = new FakeTimeProvider(TestAuthority.Now);
        var snapshot = Snapshot(time, []);
        Assert.NotNull(snapshot.FindSvid("u", Alice));
        Assert.Null(snapshot.FindSvid("v", Alice));
        Assert.Null(snapshot.FindSvid("u", SpiffeId.Parse("spiffe://td/bob")));
        Assert.Null(snapshot.FindSvid("u", Alice, TestAuthority.Now.AddHours(2)));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Null(snapshot.FindSvid("u", Alice));
        Assert.Single(snapshot.Svids);
        Assert.True(snapshot.Holds("u", Alice));
        Assert.False(snapshot.Holds("v", Alice));
        Assert.False(snapshot.Holds("u", SpiffeId.Parse("spiffe://td/bob")));
    }

    [Fact]
    public void A_workload_uses_the_bundles_of_its_own_and_of_federated_trust_domains()
    {
        var (own, friend, foreign) = (new TrustDomain("td"), new TrustDomain("friend"), new TrustDomain("foreign"));
        var snapshot = Snapshot(TimeProvider.System, [friend], _root.BundleOf("td"), _root.BundleOf("friend"), _root.BundleOf("foreign"));
        Assert.NotNull(snapshot.FindBundle("u", own));
        Assert.NotNull(snapshot.FindBundle("u", friend));
        Assert.Null(snapshot.FindBundle("u", foreign));
        Assert.Null(snapshot.FindBundle("v", own));
        Assert.NotNull(snapshot.FindBundle(foreign));
        Assert.Null(IdentitySnapshot.Empty.FindBundle(own));
    }

    public void Dispose()
    {
        _key.Dispose();
        _root.Dispose();
    }

    private IdentitySnapshot Snapshot(TimeProvider time, TrustDomain[] federates, params TrustBundle[] bundles)
    {
        var leaf = _root.Issue(new TestLeaf("spiffe://td/alice"), _key);
        Assert.True(X509Svid.TryParse([leaf.RawData], _key.ExportPkcs8PrivateKey(), out var svid, out _));
        return new IdentitySnapshot(1, [new("u", new WorkloadIdentity([svid], federates))], bundles, time);
    }

    private X509SVIDWithKey Message(string path) => new()
    {
        X509Svid = new X509SVID
        {
            Id = new SPIFFEID { TrustDomain = "td", Path = path },
            CertChain = { ByteString.CopyFrom(_root.Issue(new TestLeaf("spiffe://td/alice"), _key).RawData) },
        },
        X509SvidKey = ByteString.CopyFrom(_key.ExportPkcs8PrivateKey()),
    };
}
