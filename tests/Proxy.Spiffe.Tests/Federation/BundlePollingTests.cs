using Proxy.Spiffe.Federation;

namespace Proxy.Spiffe.Tests.Federation;

/// <summary>One trust domain followed over time.</summary>
public sealed class BundlePollingTests : IAsyncDisposable
{
    private const string ServerId = "spiffe://b.test/server";
    private static readonly TrustDomain Foreign = new("b.test");

    private readonly TestAuthority _own = new("CN=a");
    private readonly TestAuthority _first = new("CN=first");
    private readonly TestAuthority _second = new("CN=second");
    private readonly BundlePeer _peer = new();
    private readonly FederationRun _run;

    public BundlePollingTests()
    {
        _peer.Present(_first, BundlePeer.Leaf(ServerId));
        _run = new FederationRun(new FederationOptions { Domains = [_peer.Endpoint("b.test", ServerId)], InitialBundles = [_first.BundleOf("b.test")] });
        _run.Inner.Give([_own.BundleOf("a.test")], ("uid", new WorkloadIdentity([FederationRun.SvidOf(_own, "spiffe://a.test/x")], [])));
    }

    public async ValueTask DisposeAsync()
    {
        await _run.DisposeAsync();
        await _peer.DisposeAsync();
        _own.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    [Fact]
    public async Task Nobody_is_believed_before_the_first_fetch_for_all_the_initial_bundle()
    {
        _peer.Answer = null;
        _run.Start();
        var snapshot = await _run.UntilAsync(snapshot => snapshot.Svids.Any());

        Assert.Null(snapshot.FindBundle("uid", Foreign));
        Assert.NotNull(snapshot.FindBundle("uid", FederationRun.Own));
        Assert.Equal((null, null), (_run.State.Roots, _run.State.LastFetch));
    }

    [Theory]
    [InlineData(null, 300)]
    [InlineData(1, 1)]
    [InlineData(20, 20)]
    [InlineData(3600, 3600)]
    [InlineData(86400, 3600)]
    public async Task The_endpoint_is_asked_again_when_its_bundle_says(int? hint, int seconds)
    {
        _peer.Answer = BundlePeer.Bundle([_first], 1, hint);
        _run.Start();

        var wait = await _run.FetchedAsync();
        Assert.InRange(wait.TotalSeconds, (seconds * 0.9) - 0.001, seconds);
        Assert.InRange((_run.State.NextFetch!.Value - TestAuthority.Now).TotalSeconds, (seconds * 0.9) - 0.001, seconds);

        _run.Time.Advance(wait - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _peer.Connections);
        _run.Time.Advance(TimeSpan.FromMilliseconds(1));
        await _run.FetchedAsync();
        Assert.Equal(2, _peer.Connections);
    }

    [Fact]
    public async Task What_is_published_is_believed_by_every_workload_that_has_an_SVID()
    {
        _peer.Answer = BundlePeer.Bundle([_first], 7, 60);
        _run.Start();

        var snapshot = await _run.UntilAsync(snapshot => snapshot.FindBundle("uid", Foreign) is not null);

        Assert.True(snapshot.FindBundle("uid", Foreign)!.IsRoot(_first.Certificate));
        Assert.Same(snapshot.FindBundle("uid", Foreign), snapshot.FindBundle(Foreign));
        Assert.Null(snapshot.FindBundle("stranger", Foreign));
        Assert.Equal(["a.test", "b.test"], snapshot.Bundles.Select(bundle => bundle.TrustDomain.Name));
        await _run.FetchedAsync();
        Assert.Equal((1, 7ul, TestAuthority.Now, null), (_run.State.Roots, _run.State.Sequence, _run.State.LastFetch, _run.State.LastError));
        Assert.Contains(_run.Log, line => line.EndsWith("1 roots, sequence 7", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_server_is_known_by_the_bundle_that_was_fetched_last()
    {
        _peer.Answer = BundlePeer.Bundle([_first, _second], 1, 60);
        _run.Start();
        var wait = await _run.FetchedAsync();

        _peer.Present(_second, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Bundle([_second], 2, 60);
        wait = await _run.NextAsync(wait);
        Assert.Null(_run.State.LastError);
        Assert.Equal((1, 2ul), (_run.State.Roots, _run.State.Sequence));

        // The initial bundle is of the past, and so is whoever it vouches for.
        _peer.Present(_first, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Bundle([_first], 3, 60);
        await _run.NextAsync(wait);
        Assert.Contains("does not chain to a root of b.test", _run.State.LastError, StringComparison.Ordinal);
        Assert.True(_run.Source.Current.FindBundle("uid", Foreign)!.IsRoot(_second.Certificate));
    }

    [Fact]
    public async Task The_same_bundle_again_stays_the_same_object_and_is_not_published()
    {
        _peer.Answer = BundlePeer.Bundle([_first, _second], 1, 60);
        _run.Start();
        var before = await _run.UntilAsync(snapshot => snapshot.FindBundle("uid", Foreign) is not null);
        var wait = await _run.FetchedAsync();

        _peer.Answer = BundlePeer.Bundle([_second, _first], 2, 60);
        await _run.NextAsync(wait);

        Assert.Equal(2ul, _run.State.Sequence);
        Assert.Same(before, _run.Source.Current);
    }

    [Theory]
    [InlineData(6, "went back from sequence 7 to 6")]
    [InlineData(7, "other keys under the same sequence 7")]
    public async Task A_bundle_that_is_not_newer_is_not_taken(int sequence, string why)
    {
        _peer.Answer = BundlePeer.Bundle([_first], 7, 60);
        _run.Start();
        var wait = await _run.FetchedAsync();

        _peer.Answer = BundlePeer.Bundle([_first, _second], (ulong)sequence, 1);
        wait = await _run.NextAsync(wait);

        Assert.Contains(why, _run.State.LastError, StringComparison.Ordinal);
        Assert.Contains(_run.Log, line => line.Contains(why, StringComparison.Ordinal));
        Assert.Equal((1, 7ul, TestAuthority.Now), (_run.State.Roots, _run.State.Sequence, _run.State.LastFetch));
        Assert.InRange(wait.TotalSeconds, 48, 60);

        _peer.Answer = BundlePeer.Bundle([_first, _second], 8, 60);
        await _run.NextAsync(wait);
        Assert.Equal((2, 8ul, null), (_run.State.Roots, _run.State.Sequence, _run.State.LastError));
    }

    [Fact]
    public async Task An_outage_keeps_the_last_good_bundle_and_its_end_is_noticed()
    {
        _peer.Answer = BundlePeer.Bundle([_first], 1, 300);
        _run.Start();
        var good = await _run.UntilAsync(snapshot => snapshot.FindBundle("uid", Foreign) is not null);
        var wait = await _run.FetchedAsync();

        _peer.Answer = BundlePeer.Say("HTTP/1.1 503 Later\nContent-Length: 0");
        for (var i = 0; i < 12; i++)
        {
            wait = await _run.NextAsync(wait);
            Assert.InRange(wait.TotalSeconds, 240, 300);
        }

        Assert.Same(good, _run.Source.Current);
        Assert.Equal("the server answered 503", _run.State.LastError);
        Assert.Equal(TestAuthority.Now, _run.State.LastFetch);
        Assert.Contains("the server answered 503", _run.Source.LastError, StringComparison.Ordinal);
        Assert.Single(_run.Log, line => line.Contains("503", StringComparison.Ordinal));

        _peer.Answer = BundlePeer.Bundle([_first, _second], 2, 300);
        await _run.NextAsync(wait);
        await _run.UntilAsync(snapshot => snapshot.FindBundle("uid", Foreign)!.Roots.Count == 2);
        Assert.Null(_run.State.LastError);
        Assert.Null(_run.Source.LastError);
        Assert.Contains(_run.Log, line => line.EndsWith("received again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_endpoint_that_was_never_there_is_looked_for_less_and_less_often()
    {
        _peer.Answer = BundlePeer.Say("HTTP/1.1 503 Later\nContent-Length: 0");
        _run.Start();
        var wait = await _run.FetchedAsync();
        foreach (var most in (double[])[2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
        {
            Assert.InRange(wait.TotalSeconds, (most * 0.8) - 0.001, most);
            wait = await _run.NextAsync(wait);
        }

        Assert.Null(_run.Source.Current.FindBundle("uid", Foreign));
    }

    [Fact]
    public async Task A_trust_domain_that_withdraws_its_keys_is_believed_no_longer()
    {
        _peer.Answer = BundlePeer.Bundle([_first], 1, 60);
        _run.Start();
        await _run.UntilAsync(snapshot => snapshot.FindBundle("uid", Foreign) is not null);
        var wait = await _run.FetchedAsync();

        _peer.Answer = BundlePeer.Bundle([], 2, 60);
        wait = await _run.NextAsync(wait);
        await _run.UntilAsync(snapshot => snapshot.FindBundle("uid", Foreign) is null);

        Assert.Equal(0, _run.State.Roots);
        Assert.Contains(_run.Log, line => line.EndsWith("its keys are withdrawn, nobody of it is believed", StringComparison.Ordinal));

        // Nor is its server, by whatever it said before.
        _peer.Answer = BundlePeer.Bundle([_first], 3, 60);
        await _run.NextAsync(wait);
        Assert.Contains("b.test, the trust domain of its ID spiffe://b.test/", _run.State.LastError, StringComparison.Ordinal);
        Assert.EndsWith("has withdrawn all of its keys; if it has others by now, start node-proxy again with their bundle", _run.State.LastError, StringComparison.Ordinal);
        Assert.Equal(2, _peer.Connections);
    }

    [Fact]
    public async Task A_stop_in_the_middle_of_a_fetch_ends_it()
    {
        _peer.Answer = BundlePeer.SayAndStall("");
        _run.Start();
        await _peer.RequestAsync();
        Assert.Null(_run.State.NextFetch);
    }
}
