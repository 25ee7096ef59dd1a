using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Telemetry;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>A workload whose SVID, or bundle, has not come: held up to the limit, then refused with its reason, and nobody waits for it.</summary>
public sealed class HeldConnectionTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private readonly MeshState _mesh = new();
    private readonly TestPki _pki = new();
    private readonly TestWorker _worker;
    private readonly ConnectionSeat _seat;

    public HeldConnectionTests()
    {
        _worker = new TestWorker(_time);
        _seat = new ConnectionSeat(_worker.Worker, 1, _mesh, ThisNode, new ConnectionLimits { Hold = Limit }, new FlowRing(ThisNode, _time), _time);
    }

    public void Dispose()
    {
        _worker.Dispose();
        _pki.Dispose();
    }

    [Fact]
    public async Task It_is_held_until_the_limit_and_no_longer()
    {
        var held = await HoldAsync();
        _time.Advance(Limit - TimeSpan.FromTicks(1));
        await _worker.SettleAsync();
        Assert.False(held.Ending.IsCompleted);
        // The wheel of timers fires up to two of its ticks late.
        _time.Advance(TimeSpan.FromTicks(1) + (2 * TimerWheel.Tick));
        Assert.Null(await held.Ending);
    }

    [Fact]
    public async Task What_comes_at_the_last_moment_is_taken()
    {
        var held = await HoldAsync();
        _time.Advance(Limit - TimeSpan.FromTicks(1));
        await _worker.SettleAsync();
        Publish(("client", _pki.Client));
        Assert.Same(_pki.Client, (await held.Ending)?.Svid);
    }

    [Fact]
    public async Task News_that_are_not_for_it_do_not_prolong_the_hold()
    {
        var held = await HoldAsync();
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(Limit / 4);
            Publish(("other", _pki.Server));
            await _worker.SettleAsync();
        }

        _time.Advance(2 * TimerWheel.Tick);
        Assert.Null(await held.Ending);
    }

    [Fact]
    public async Task An_SVID_is_held_for_its_bundle()
    {
        var held = await HoldAsync();
        _mesh.Publish(new IdentitySnapshot(1, [new("client", new WorkloadIdentity([_pki.Client], []))], [], TimeProvider.System));
        await _worker.SettleAsync();
        Assert.False(held.Ending.IsCompleted);
        Publish(("client", _pki.Client));
        Assert.NotNull(await held.Ending);
    }

    [Fact]
    public async Task Who_has_everything_waits_for_nobody()
    {
        var held = Enumerable.Range(0, 1000).Select(_ => Hold()).ToArray();
        await _worker.SettleAsync();
        Publish(("server", _pki.Server));
        var other = _worker.RunAsync(() => _seat.HoldForAsync(mesh => Credentials.Find(mesh.Identities, Stage.ServerOn(ThisNode), TestPki.Domain)));
        Assert.NotNull(await other);
        Assert.DoesNotContain(held, one => one.IsCompleted);
        Publish(("client", _pki.Client));
        var all = await Task.WhenAll(held).Soon();
        Assert.All(all, Assert.NotNull);
    }

    [Theory]
    [InlineData(false, false, nameof(OutcomeReason.NoClientSvid))]
    [InlineData(false, true, nameof(OutcomeReason.NoClientSvid))]
    [InlineData(true, false, nameof(OutcomeReason.NoBundle))]
    public async Task The_reason_says_what_was_missing_on_one_node(bool hasSvids, bool hasBundle, string reason)
    {
        using var stage = new Stage();
        var (client, server) = (Stage.Client(), Stage.ServerOn(ThisNode));
        stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(RequireAuthentication), client, server));
        var (ofClient, ofServer) = (new WorkloadIdentity([stage.Pki.Client], []), new WorkloadIdentity([stage.Pki.Server], []));
        stage.Mesh.Publish(new IdentitySnapshot(
            1, hasSvids ? [new("client", ofClient), new("server", ofServer)] : [], hasBundle ? [stage.Pki.Bundle] : [], TimeProvider.System));
        stage.Capture(server);
        var (captured, application) = await stage.CaptureAsync(stage.Capture(client));
        Assert.Equal(reason, (await stage.GoOutAsync(captured)).Reason.ToString());
        application.ExpectReset();
    }

    [Theory]
    [InlineData(false, nameof(OutcomeReason.NoServerSvid))]
    [InlineData(true, nameof(OutcomeReason.NoBundle))]
    public async Task The_reason_says_what_was_missing_at_the_servers_node(bool hasSvid, string reason)
    {
        using var stage = new Stage();
        var server = Stage.ServerOn(ThisNode);
        stage.Mesh.Publish(ClusterOf("", Stage.Client(node: OtherNode), server));
        stage.Mesh.Publish(new IdentitySnapshot(1, hasSvid ? [new("server", new WorkloadIdentity([stage.Pki.Server], []))] : [], [], TimeProvider.System));
        var (captured, client) = await stage.CaptureAsync(stage.Capture(server));
        Assert.Equal(reason, (await stage.ComeInAsync(captured)).Reason.ToString());
        client.ExpectReset();
    }

    // Held from before anything else happens.
    private async Task<Held> HoldAsync()
    {
        var ending = Hold();
        await _worker.SettleAsync();
        return new Held(ending);
    }

    private Task<Credentials?> Hold() =>
        _worker.RunAsync(() => _seat.HoldForAsync(mesh => Credentials.Find(mesh.Identities, Stage.Client(), TestPki.Domain)));

    private void Publish(params (string Uid, X509Svid Svid)[] svids) => _mesh.Publish(Identities(_pki, svids));

    private sealed record Held(Task<Credentials?> Ending);
}
