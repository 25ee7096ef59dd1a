using Google.Protobuf;
using Grpc.Core;
using Proxy.Spiffe;
using Proxy.Spiffe.WorkloadApi;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Tests.Sources;

public sealed class WorkloadApiSourceTests : IAsyncLifetime
{
    private static readonly WorkloadReference Pod = new("uid-a", "default", "a", "a", "node1", new Dictionary<string, string>());

    private readonly ApiPeer _peer = new();
    private readonly Material _own = new();
    private readonly Material _friend = new("friend.test");
    private SourceRun _run = null!;

    public async ValueTask InitializeAsync()
    {
        await _peer.StartAsync();
        _run = new SourceRun(log => new WorkloadApiSource(_peer.WorkloadEndpoint, TimeProvider.System, log), Pod);
    }

    public async ValueTask DisposeAsync()
    {
        await _run.DisposeAsync();
        await _peer.DisposeAsync();
        _own.Dispose();
        _friend.Dispose();
    }

    [Fact]
    public async Task The_call_carries_the_security_header_once()
    {
        var call = await _peer.WorkloadApi.OpenedAsync();

        Assert.Equal("true", Assert.Single(call.Headers, header => header.Key == "workload.spiffe.io").Value);
        Assert.Equal(0, call.Request.CalculateSize());
    }

    [Fact]
    public async Task The_workload_has_the_svid_with_its_bundle_and_those_of_its_friends()
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") }, FederatedBundles = { ["spiffe://friend.test"] = _friend.Roots } });

        var snapshot = await _run.UntilAsync(Has("a"));

        Assert.NotNull(snapshot.FindBundle("uid-a", _own.Domain));
        Assert.NotNull(snapshot.FindBundle("uid-a", _friend.Domain));
        Assert.Null(snapshot.FindBundle("uid-b", _own.Domain));
        Assert.Null(snapshot.FindBundle(_own.Domain));
        Assert.True(_run.Source.IsConnected);
    }

    [Fact]
    public async Task Each_message_takes_the_place_of_all_before()
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a"), _own.WorkloadMessage("b") }, FederatedBundles = { ["spiffe://friend.test"] = _friend.Roots } });
        await _run.UntilAsync(Has("b"));

        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });
        var snapshot = await _run.UntilAsync(snapshot => !Has("b")(snapshot));

        Assert.True(Has("a")(snapshot));
        Assert.Null(snapshot.FindBundle("uid-a", _friend.Domain));
    }

    [Fact]
    public async Task Of_svids_with_one_hint_the_first_counts()
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse
        {
            Svids = { _own.WorkloadMessage("a", "x"), _own.WorkloadMessage("b", "x"), _own.WorkloadMessage("c"), _own.WorkloadMessage("d") },
        });

        var snapshot = await _run.UntilAsync(Has("a"));

        Assert.Equal([_own.Id("a"), _own.Id("c"), _own.Id("d")], snapshot.Svids.Select(held => held.Svid.Id));
    }

    [Fact]
    public async Task A_refusal_ends_what_was_given_and_the_next_answer_gives_it_back()
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });
        await _run.UntilAsync(Has("a"));

        _peer.WorkloadApi.End(StatusCode.PermissionDenied, "no identity issued");
        await _run.UntilAsync(snapshot => !Has("a")(snapshot));
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });

        await _run.UntilAsync(Has("a"));
        Assert.Contains("PermissionDenied: no identity issued", _run.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Cancelled)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.Unauthenticated)]
    public async Task Any_other_end_leaves_the_last_good_state(StatusCode status)
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });
        await _run.UntilAsync(Has("a"));
        await _peer.WorkloadApi.OpenedAsync();

        _peer.WorkloadApi.End(status);
        await _peer.WorkloadApi.OpenedAsync();

        Assert.True(Has("a")(_run.Source.Current));
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument)]
    [InlineData(StatusCode.Unimplemented)]
    public async Task What_would_be_answered_the_same_is_not_asked_again(StatusCode status)
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });
        await _run.UntilAsync(Has("a"));
        await _peer.WorkloadApi.OpenedAsync();

        _peer.WorkloadApi.End(status);
        await _run.UntilLoggedAsync("not asked again");

        Assert.True(Has("a")(_run.Source.Current));
        Assert.False(_peer.WorkloadApi.HasUnseenCall);
        Assert.Contains(status.ToString(), _run.Source.LastError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no svid")]
    [InlineData("no bundle")]
    [InlineData("no key")]
    [InlineData("another id")]
    [InlineData("long hint")]
    [InlineData("bytes behind the chain")]
    [InlineData("no trust domain")]
    [InlineData("bundle twice")]
    [InlineData("another's key")]
    public async Task A_message_with_a_fault_changes_nothing(string fault)
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });
        var before = await _run.UntilAsync(Has("a"));

        _peer.WorkloadApi.Say(Spoil(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") } }, fault));
        await _run.UntilLoggedAsync("identity: the SVIDs of default/a from");

        Assert.Same(before, _run.Source.Current);
        Assert.NotNull(_run.Source.LastError);
    }

    [Fact]
    public async Task The_own_bundle_may_be_said_twice_if_it_is_the_same()
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse
        {
            Svids = { _own.WorkloadMessage("a") },
            FederatedBundles = { ["spiffe://cluster.local"] = _own.Roots, ["spiffe://friend.test"] = _friend.Roots },
        });

        var snapshot = await _run.UntilAsync(Has("a"));

        Assert.NotNull(snapshot.FindBundle("uid-a", _own.Domain));
        Assert.NotNull(snapshot.FindBundle("uid-a", _friend.Domain));
    }

    [Fact]
    public async Task A_hint_may_have_1024_bytes()
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a", new string('h', 1024)) } });

        await _run.UntilAsync(Has("a"));
    }

    [Fact]
    public async Task A_server_that_was_away_is_found_again()
    {
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });
        var before = await _run.UntilAsync(Has("a"));

        await _peer.StopAsync();
        await _run.UntilLoggedAsync("Unavailable");
        Assert.True(Has("a")(_run.Source.Current));
        await _peer.StartAsync();
        _peer.WorkloadApi.Say(new X509SVIDResponse { Svids = { _own.WorkloadMessage("a") } });

        var after = await _run.UntilAsync(snapshot => snapshot.Revision > before.Revision);
        Assert.NotEqual(before.FindSvid("uid-a", _own.Id("a"))!.Serial, after.FindSvid("uid-a", _own.Id("a"))!.Serial);
        Assert.Contains("received again", _run.Log, StringComparison.Ordinal);
    }

    private Func<IdentitySnapshot, bool> Has(string name) => snapshot => snapshot.FindSvid("uid-a", _own.Id(name)) is not null;

    private X509SVIDResponse Spoil(X509SVIDResponse response, string fault)
    {
        var svid = response.Svids[0];
        switch (fault)
        {
            case "no svid":
                response.Svids.Clear();
                break;
            case "no bundle":
                svid.Bundle = ByteString.Empty;
                break;
            case "no key":
                svid.X509SvidKey = ByteString.Empty;
                break;
            case "another id":
                svid.SpiffeId = _own.Id("b").ToString();
                break;
            case "long hint":
                svid.Hint = new string('h', 1025);
                break;
            case "bytes behind the chain":
                svid.X509Svid = ByteString.CopyFrom([.. svid.X509Svid, 0]);
                break;
            case "no trust domain":
                response.FederatedBundles["spiffe://TD"] = _friend.Roots;
                break;
            case "bundle twice":
                response.FederatedBundles["spiffe://cluster.local"] = _friend.Roots;
                break;
            default:
                svid.X509SvidKey = _own.WorkloadMessage("a").X509SvidKey;
                break;
        }

        return response;
    }
}
