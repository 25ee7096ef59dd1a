using Proxy.Spiffe.Federation;

namespace Proxy.Spiffe.Tests.Federation;

/// <summary>Fetched bundles beside those of the source, and servers that are known by one another.</summary>
public sealed class FederatedIdentitySourceTests : IAsyncDisposable
{
    private static readonly TrustDomain Foreign = new("b.test");

    private readonly TestAuthority _own = new("CN=a");
    private readonly TestAuthority _foreign = new("CN=b");
    private readonly TestAuthority _third = new("CN=c");
    private readonly BundlePeer _peer = new();
    private readonly List<IAsyncDisposable> _others = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var other in _others)
            await other.DisposeAsync();
        await _peer.DisposeAsync();
        _own.Dispose();
        _foreign.Dispose();
        _third.Dispose();
    }

    [Fact]
    public async Task A_bundle_that_the_source_holds_for_all_counts_for_whom_it_lets_use_it_and_for_all_others()
    {
        var run = Web();
        var given = _third.BundleOf("b.test");
        run.Inner.Give([_own.BundleOf("a.test"), given], ("friend", Identity("x", Foreign)), ("other", Identity("y")));
        run.Start();

        var snapshot = await run.UntilAsync(snapshot => snapshot.FindBundle("other", Foreign) is not null);

        Assert.Same(given, snapshot.FindBundle("other", Foreign));
        Assert.Same(given, snapshot.FindBundle("friend", Foreign));
        Assert.Same(given, snapshot.FindBundle(Foreign));
        Assert.True(run.State.IsGivenBySource);
        Assert.Single(run.Log, line => line.Contains("the identity source gives a bundle of b.test too", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_bundle_that_the_source_sends_for_one_workload_counts_for_that_one()
    {
        var run = Web();
        var given = _third.BundleOf("b.test");
        run.Inner.Give([], ("friend", Identity("x") with { Bundles = [_own.BundleOf("a.test"), given] }), ("other", Identity("y") with { Bundles = [_own.BundleOf("a.test")] }));
        run.Start();

        var snapshot = await run.UntilAsync(snapshot => snapshot.FindBundle("other", Foreign) is not null);

        Assert.True(snapshot.FindBundle("other", Foreign)!.IsRoot(_foreign.Certificate));
        Assert.Same(given, snapshot.FindBundle("friend", Foreign));
    }

    [Fact]
    public async Task What_the_source_takes_back_is_what_was_fetched_again()
    {
        var run = Web();
        var given = _third.BundleOf("b.test");
        run.Inner.Give([_own.BundleOf("a.test"), given], ("uid", Identity("x", Foreign)));
        run.Start();
        await run.FetchedAsync();
        await run.UntilAsync(snapshot => ReferenceEquals(snapshot.FindBundle("uid", Foreign), given));

        run.Inner.Give([_own.BundleOf("a.test")], ("uid", Identity("x")));

        await run.UntilAsync(snapshot => snapshot.FindBundle("uid", Foreign)?.IsRoot(_foreign.Certificate) == true);
        Assert.False(run.State.IsGivenBySource);
    }

    [Fact]
    public async Task The_trust_domain_of_an_SVID_of_the_source_is_never_anybody_elses()
    {
        var run = Web("a.test");
        run.Inner.Give([], ("uid", Identity("x")));
        run.Start();
        await run.FetchedAsync();

        run.Inner.Give([], ("uid", Identity("x")), ("uid2", Identity("y")));
        var snapshot = await run.UntilAsync(snapshot => snapshot.Svids.Count() == 2);

        Assert.Null(snapshot.FindBundle("uid", FederationRun.Own));
        Assert.Empty(snapshot.Bundles);
        Assert.True(run.State.IsGivenBySource);
    }

    [Fact]
    public async Task A_workload_without_SVID_believes_nobody()
    {
        var run = Web();
        run.Inner.Give([_own.BundleOf("a.test")], ("uid", Identity("x")), ("bare", new WorkloadIdentity([], [Foreign])));
        run.Start();

        Assert.Null((await run.UntilAsync(snapshot => snapshot.FindBundle("uid", Foreign) is not null)).FindBundle("bare", Foreign));
    }

    [Fact]
    public async Task Each_state_has_a_greater_revision_and_workloads_are_the_sources_business()
    {
        var run = Web();
        var reference = new WorkloadReference("uid", "default", "x", "x", "node1", new Dictionary<string, string>());
        run.Source.Track([reference]);
        Assert.Equal([reference], run.Inner.Tracked);
        run.Start();
        var first = await run.UntilAsync(snapshot => snapshot.FindBundle(Foreign) is not null);
        run.Inner.Give([_own.BundleOf("a.test")], ("uid", Identity("x")));
        var second = await run.UntilAsync(snapshot => snapshot.Svids.Any());

        Assert.True(second.Revision > first.Revision);
        Assert.True(run.Source.IsConnected);
    }

    [Fact]
    public async Task A_server_of_our_own_trust_domain_is_known_by_the_bundle_of_the_source()
    {
        _peer.Present(_own, BundlePeer.Leaf("spiffe://a.test/bundles")).Answer = BundlePeer.Bundle([_foreign]);
        var run = Run(new FederationOptions { Domains = [_peer.Endpoint("b.test", "spiffe://a.test/bundles")] });
        run.Start();
        var wait = await run.FetchedAsync();
        Assert.Contains("there is no bundle of a.test", run.State.LastError, StringComparison.Ordinal);

        run.Inner.Give([], ("uid", Identity("x") with { Bundles = [_own.BundleOf("a.test")] }));
        await run.NextAsync(wait);

        Assert.Null(run.State.LastError);
    }

    [Fact]
    public async Task A_bundle_of_one_workload_vouches_for_no_server_of_another_trust_domain()
    {
        _peer.Present(_third, BundlePeer.Leaf("spiffe://c.test/bundles")).Answer = BundlePeer.Bundle([_foreign]);
        var run = Run(new FederationOptions { Domains = [_peer.Endpoint("b.test", "spiffe://c.test/bundles")] });
        run.Inner.Give([], ("uid", Identity("x") with { Bundles = [_own.BundleOf("a.test"), _third.BundleOf("c.test")] }));
        run.Start();

        await run.FetchedAsync();

        Assert.Contains("there is no bundle of c.test", run.State.LastError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_of_a_third_trust_domain_is_known_by_what_was_given_for_it(bool isGiven)
    {
        _peer.Present(_third, BundlePeer.Leaf("spiffe://c.test/bundles")).Answer = BundlePeer.Bundle([_foreign]);
        var initial = isGiven ? _third.BundleOf("c.test") : _foreign.BundleOf("c.test");
        var run = Run(new FederationOptions { Domains = [_peer.Endpoint("b.test", "spiffe://c.test/bundles")], InitialBundles = [initial] });
        run.Start();
        await run.FetchedAsync();

        Assert.Equal(isGiven, run.State.LastError is null);
        Assert.Null(run.Source.Current.FindBundle(new TrustDomain("c.test")));
    }

    [Fact]
    public async Task A_server_may_be_known_by_a_bundle_that_another_endpoint_gave()
    {
        var web = new BundlePeer();
        _others.Add(web);
        web.Present(_own, BundlePeer.WebLeaf("localhost")).Answer = BundlePeer.Bundle([_third]);
        _peer.Present(_third, BundlePeer.Leaf("spiffe://c.test/bundles")).Answer = BundlePeer.Bundle([_foreign]);
        var run = Run(new FederationOptions
        {
            Domains = [_peer.Endpoint("b.test", "spiffe://c.test/bundles"), web.Endpoint("c.test", null, "localhost")],
            WebRoots = [_own.Certificate],
        });
        run.Start();
        for (var i = 0; i < 2; i++)
            await run.FetchedAsync();

        await run.UntilAsync(snapshot => snapshot.FindBundle(new TrustDomain("c.test")) is not null);
        // Who was asked first is not known; the second time both are there.
        run.Time.Advance(TimeSpan.FromSeconds(2));

        await run.UntilAsync(snapshot => snapshot.FindBundle(Foreign) is not null);
        Assert.Equal(["b.test", "c.test"], run.Source.Federation.Select(state => state.Domain.TrustDomain.Name));
    }

    [Fact]
    public void A_trust_domain_may_not_be_given_twice()
    {
        var options = new FederationOptions { Domains = [_peer.Endpoint("b.test"), _peer.Endpoint("b.test")] };

        Assert.Throws<ArgumentException>(() => new FederatedIdentitySource(new HeldSource(), options, TimeProvider.System, _ => { }));
    }

    private WorkloadIdentity Identity(string name, params TrustDomain[] federatesWith) => new([FederationRun.SvidOf(_own, $"spiffe://a.test/{name}")], federatesWith);

    /// <summary>One trust domain, served with profile https_web.</summary>
    private FederationRun Web(string domain = "b.test")
    {
        _peer.Present(_third, BundlePeer.WebLeaf("localhost")).Answer = BundlePeer.Bundle([_foreign], 1, 300);
        return Run(new FederationOptions { Domains = [_peer.Endpoint(domain, null, "localhost")], WebRoots = [_third.Certificate] });
    }

    private FederationRun Run(FederationOptions options)
    {
        var run = new FederationRun(options);
        _others.Add(run);
        return run;
    }
}
