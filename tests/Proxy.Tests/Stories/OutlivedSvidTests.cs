using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;
using static Proxy.Tests.Stories.Cast;

namespace Proxy.Tests.Stories;

/// <summary>The maximum age of connections without a tunnel: plain mutual TLS on either side, and two pods of one node.</summary>
public sealed class OutlivedSvidTests : IDisposable
{
    private static readonly TimeSpan Limit = new ConnectionLimits().AgePastExpiry;
    private static readonly Workload s_client = Stage.Client();

    private readonly SetDate _date = new();
    private readonly Stage _stage;

    public OutlivedSvidTests() => _stage = new Stage(time: _date);

    public void Dispose() => _stage.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Mutual_TLS_to_a_server_that_knows_no_tunnels_ends_with_the_first_SVID(bool oursIsFirst)
    {
        Publish(oursIsFirst ? Short(TestPki.ClientId) : _stage.Pki.Client, _stage.Pki.Server, s_client, Stage.ServerOn(OtherNode));
        var (captured, application) = await _stage.CaptureAsync(_stage.Capture(s_client));
        var story = _stage.GoOutAsync(captured);
        var server = _stage.Server.Accept();
        await Patience.OnThread(() => server.StartServerTls(TestPki.ServerOptions((oursIsFirst ? _stage.Pki.Server : Short(TestPki.ServerId)).Certificate)));
        await MeetsTheLimitAsync(story, application, server);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Mutual_TLS_from_a_client_that_knows_no_tunnels_ends_with_the_first_SVID(bool oursIsFirst)
    {
        var server = Stage.ServerOn(ThisNode);
        Publish(_stage.Pki.Client, oursIsFirst ? Short(TestPki.ServerId) : _stage.Pki.Server, Stage.Client(node: OtherNode), server);
        var (captured, client) = await _stage.CaptureAsync(_stage.Capture(server));
        var story = _stage.ComeInAsync(captured);
        await Patience.OnThread(() => client.StartClientTls(TestPki.ClientOptions((oursIsFirst ? _stage.Pki.Client : Short(TestPki.ClientId)).Certificate)));
        client.Send("first");
        var application = _stage.Server.Accept();
        application.Expect("first");
        await MeetsTheLimitAsync(story, client, application);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task On_one_node_it_ends_with_the_first_of_both_SVIDs(bool clientIsFirst)
    {
        var server = Stage.ServerOn(ThisNode);
        Publish(clientIsFirst ? Short(TestPki.ClientId) : _stage.Pki.Client, clientIsFirst ? _stage.Pki.Server : Short(TestPki.ServerId), s_client, server);
        var (story, client, application) = await BeginOnOneNodeAsync(server);
        await MeetsTheLimitAsync(story, client, application);
    }

    [Fact]
    public async Task What_proved_nothing_has_no_such_end()
    {
        var server = Stage.ServerOn(OtherNode, mode: EnrolmentMode.Disabled);
        Publish(_stage.Pki.Client, _stage.Pki.Server, s_client, server);
        var (captured, client) = await _stage.CaptureAsync(_stage.Capture(s_client));
        var story = _stage.GoOutAsync(captured);
        var application = _stage.Server.Accept();
        _date.Now += TimeSpan.FromDays(365);
        await _stage.Worker.DoAsync(_stage.Seat.CutOutlived);
        client.Send("still here");
        application.Expect("still here");
        Assert.False(_stage.Seat.IsAgeDue);
        client.Reset();
        await story;
    }

    [Fact]
    public async Task On_one_node_a_root_that_goes_cuts_and_one_that_comes_does_not()
    {
        var server = Stage.ServerOn(ThisNode);
        Publish(_stage.Pki.Client, _stage.Pki.Server, s_client, server);
        var (story, client, application) = await BeginOnOneNodeAsync(server);
        using var next = new TestPki();
        Publish(new TrustBundle(TestPki.Domain, [.. next.Bundle.Roots, .. _stage.Pki.Bundle.Roots]));
        await _stage.Worker.SettleAsync();
        client.Send("still here");
        application.Expect("still here");
        Publish(next.Bundle);
        Assert.Equal(OutcomeReason.PeerUntrusted, (await story).Reason);
        client.ExpectReset();
    }

    [Theory]
    [InlineData(RequireAuthentication, nameof(OutcomeReason.PeerUntrusted))]
    [InlineData("", nameof(OutcomeReason.Completed))]
    public async Task On_one_node_who_does_not_believe_the_others_root_is_not_authenticated(string demand, string expected)
    {
        using var stranger = new TestPki();
        var server = Stage.ServerOn(ThisNode);
        _stage.Mesh.Publish(ClusterOf(ServerAdmitsClient(demand), s_client, server));
        _stage.Mesh.Publish(Identities(_stage.Pki.Bundle, _date, ("client", stranger.Client), ("server", _stage.Pki.Server)));
        _stage.Capture(server);
        var (captured, client) = await _stage.CaptureAsync(_stage.Capture(s_client));
        var story = _stage.GoOutAsync(captured);
        if (expected == nameof(OutcomeReason.Completed))
        {
            var application = _stage.Server.Accept();
            client.End();
            application.ExpectEnd();
            application.End();
        }

        Assert.Equal(expected, (await story).Reason.ToString());
    }

    private async Task<(Task<ConnectionOutcome> Story, Peer Client, Peer Application)> BeginOnOneNodeAsync(Workload server)
    {
        _stage.Capture(server);
        var (captured, client) = await _stage.CaptureAsync(_stage.Capture(s_client));
        var story = _stage.GoOutAsync(captured);
        return (story, client, await Patience.OnThread(_stage.Server.Accept));
    }

    /// <summary>Both ends speak just below the limit, and are reset at it.</summary>
    private async Task MeetsTheLimitAsync(Task<ConnectionOutcome> story, Peer client, Peer application)
    {
        client.Send("spoken");
        application.Expect("spoken");
        _date.Now = await ExpiryAsync() + Limit - TimeSpan.FromTicks(1);
        await _stage.Worker.DoAsync(_stage.Seat.CutOutlived);
        Assert.False(_stage.Seat.IsAgeDue);
        application.Send("answered");
        client.Expect("answered");

        _date.Now += TimeSpan.FromTicks(1);
        Assert.True(_stage.Seat.IsAgeDue);
        await _stage.Worker.DoAsync(_stage.Seat.CutOutlived);
        Assert.Equal(OutcomeReason.SvidOutlived, (await story).Reason);
        await _stage.AssertNothingHeldAsync();
    }

    private async Task<DateTimeOffset> ExpiryAsync()
    {
        var expiry = DateTimeOffset.MaxValue;
        await _stage.Worker.DoAsync(() => _stage.Seat.Table.ForEach(connection => expiry = connection.Proof!.ExpiresAt, (_, bug) => throw bug));
        Assert.InRange(expiry - _date.Now, TimeSpan.FromMinutes(19), TimeSpan.FromMinutes(21));
        return expiry;
    }

    private X509Svid Short(SpiffeId id) => _stage.Pki.Issue(id, TimeSpan.FromMinutes(20));

    private void Publish(X509Svid client, X509Svid server, params Workload[] workloads)
    {
        _stage.Mesh.Publish(ClusterOf("", workloads));
        _stage.Mesh.Publish(Identities(_stage.Pki.Bundle, _date, ("client", client), ("server", server)));
    }

    private void Publish(TrustBundle bundle) =>
        _stage.Mesh.Publish(Identities(bundle, _date, ("client", _stage.Pki.Client), ("server", _stage.Pki.Server)));
}
