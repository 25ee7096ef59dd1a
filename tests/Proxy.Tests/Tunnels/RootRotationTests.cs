using Proxy.Lifetime;
using Proxy.Tests.Engine;
using Proxy.Tests.Tls;

namespace Proxy.Tests.Tunnels;

/// <summary>Roots that come and go: what rests on one that stays goes on, and what rests on one that is gone ends.</summary>
public sealed class RootRotationTests : IDisposable
{
    private readonly TwoNodes _nodes = new();
    private readonly TestPki _next = new();

    public void Dispose()
    {
        _nodes.Dispose();
        _next.Dispose();
    }

    [Fact]
    public async Task A_root_that_comes_leaves_the_live_stream()
    {
        var (story, client, server) = await _nodes.BeginAsync();
        _nodes.Believe(_nodes.Pki, _next);
        await SettleAsync();
        client.Send("still here");
        server.Expect("still here");
        await TwoNodes.CompleteAsync(story, client, server);
    }

    [Fact]
    public async Task A_whole_rotation_leaves_every_stream_whose_root_stays()
    {
        var (oldStory, oldClient, oldServer) = await _nodes.BeginAsync();
        _nodes.Believe(_nodes.Pki, _next);
        _nodes.Rotate("client", _next);
        _nodes.Rotate("server", _next);
        var (newStory, newClient, newServer) = await _nodes.BeginAsync();
        await SettleAsync();
        Assert.Equal(2, _nodes.Handshakes);
        await TwoNodes.CompleteAsync(oldStory, oldClient, oldServer);
        await TwoNodes.CompleteAsync(newStory, newClient, newServer);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_root_that_goes_at_either_node_cuts_what_rests_on_it_and_nothing_else(bool isBusy, bool byClientsNode)
    {
        var (oldStory, oldClient, oldServer) = await _nodes.BeginAsync();
        _nodes.Believe(_nodes.Pki, _next);
        _nodes.Rotate("client", _next);
        _nodes.Rotate("server", _next);
        var (newStory, newClient, newServer) = await _nodes.BeginAsync();
        var sending = isBusy ? Patience.OnThread(() => Flood(oldClient)) : Task.CompletedTask;
        if (isBusy)
            oldServer.Receive(new byte[64 * 1024]);

        _nodes.BelieveAt(byClientsNode ? _nodes.Near : _nodes.Far, _next);

        Assert.Equal(OutcomeReason.PeerUntrusted, (byClientsNode ? await oldStory : await _nodes.StreamEndAsync()).Reason);
        await oldStory;
        await sending;
        if (!isBusy)
            oldClient.ExpectReset();
        await TwoNodes.CompleteAsync(newStory, newClient, newServer);
    }

    [Fact]
    public async Task A_tunnel_at_rest_ends_with_its_root()
    {
        var (story, client, server) = await _nodes.BeginAsync();
        await TwoNodes.CompleteAsync(story, client, server);
        Assert.Equal(1, _nodes.Resting);
        _nodes.Believe(_next);
        await _nodes.TunnelEndAsync();
        await SettleAsync();
        Assert.Equal(0, _nodes.Resting);
    }

    [Fact]
    public async Task A_handshake_that_began_before_its_peers_root_came_succeeds()
    {
        // The server's SVID is of a root that the client's node comes to know between the hello and the certificate.
        var verifier = new Proxy.Tls.PeerVerifier(_nodes.Pki.Bundle, TestPki.ServerId, TimeProvider.System) { Newest = () => _next.Bundle };
        Assert.True(verifier.Judge([_next.Server.Certificate.RawData], isServer: false));
        Assert.Same(_next.Bundle, verifier.Bundle);
        Assert.NotNull(verifier.Root);
        Assert.Equal(_next.Server.ExpiresAt, verifier.ExpiresAt);
        await _nodes.AssertNothingHeldAsync();
    }

    [Fact]
    public void Whom_the_newest_bundle_does_not_know_either_is_refused()
    {
        using var stranger = new TestPki();
        var verifier = new Proxy.Tls.PeerVerifier(_nodes.Pki.Bundle, TestPki.ServerId, TimeProvider.System) { Newest = () => _next.Bundle };
        Assert.False(verifier.Judge([stranger.Server.Certificate.RawData], isServer: false));
        Assert.Null(verifier.Root);
    }

    private Task SettleAsync() => Task.WhenAll(_nodes.Near.SettleAsync(), _nodes.Far.SettleAsync());

    private static void Flood(Peer peer) => Record.Exception(() =>
    {
        for (var isOpen = true; isOpen;)
            peer.Send(new byte[64 * 1024]);
    });
}
