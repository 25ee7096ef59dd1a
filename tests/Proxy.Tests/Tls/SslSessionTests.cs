using Proxy.Native;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

/// <summary>Sessions of libssl over a line in memory: what the callbacks promise.</summary>
public sealed class SslSessionTests : IDisposable
{
    private readonly TestPki _pki = new();

    public void Dispose() => _pki.Dispose();

    [Theory]
    [InlineData("Receive")]
    [InlineData("Send")]
    [InlineData("Judge")]
    public void An_exception_of_a_callback_goes_on_behind_libssl(string call)
    {
        var (client, server) = Open(_pki.Client, _pki.Server, TestPki.ServerId);
        ((MemoryLine)client.Carrier).Bug = call;
        var bug = Assert.Throws<InvalidOperationException>(() => Shake(client, server));
        Assert.Equal(call, bug.Message);
        client.Dispose();

        // Nothing of it is left for the next session of this thread.
        var (next, itsServer) = Open(_pki.Client, _pki.Server, TestPki.ServerId);
        Assert.Equal((1, 1), Shake(next, itsServer));
        next.Dispose();
        itsServer.Dispose();
        server.Dispose();
    }

    [Fact]
    public void A_context_that_is_freed_leaves_its_sessions_alive()
    {
        var (clientLine, serverLine) = Join(TestPki.ServerId);
        var context = LibSslContexts.Of(_pki.Issue(TestPki.ServerId), TlsRole.Server);
        using var server = context.Open(isServer: true, serverLine);
        using var client = LibSslContexts.Of(_pki.Client, TlsRole.TunnelClient).Open(isServer: false, clientLine);
        context.Dispose();
        Assert.Equal((1, 1), Shake(client, server));
        Assert.Equal(4, client.Write("ping"u8));
        var buffer = new byte[8];
        Assert.Equal(4, server.Read(buffer));
        Assert.Equal("ping"u8, buffer.AsSpan(0, 4));
    }

    [Theory]
    [InlineData("other", "unknown ca")]
    [InlineData("expired", "certificate expired")]
    [InlineData("name", "bad certificate")]
    public void A_refused_peer_is_told_by_an_alert(string how, string alert)
    {
        using var elsewhere = new TestPki();
        var svid = how == "other" ? elsewhere.Server : _pki.Server;
        var time = how == "expired" ? new LateTime() : TimeProvider.System;
        var (client, server) = Open(_pki.Client, svid, how == "name" ? TestPki.ClientId : TestPki.ServerId, time);
        Assert.Equal((SslSession.Broken, SslSession.Broken), Shake(client, server));
        Assert.Contains(alert, server.Fault, StringComparison.Ordinal);
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public void A_write_that_was_held_up_anywhere_goes_on_where_it_stopped()
    {
        var (client, server) = Open(_pki.Client, _pki.Server, TestPki.ServerId);
        Assert.Equal((1, 1), Shake(client, server));
        var line = (MemoryLine)client.Carrier;
        var (sent, received) = (new byte[40_000], new byte[40_000]);
        new Random(1).NextBytes(sent);
        for (var room = 0; room < 45_000; room += 1 + (room / 3))
        {
            line.Room = room;
            var written = client.Write(sent);
            if (written < 0)
            {
                Assert.Equal(SslSession.WantWrite, written);
                line.Room = int.MaxValue;
                // From another place, as the collector may move it.
                written = client.Write(sent.ToArray());
            }

            Assert.Equal(sent.Length, written);
            for (var at = 0; at < received.Length;)
            {
                var count = server.Read(received.AsSpan(at));
                Assert.InRange(count, 1, received.Length - at);
                at += count;
            }

            Assert.Equal(sent, received);
        }

        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public void An_error_of_one_session_is_not_seen_by_the_next()
    {
        var (broken, other) = Open(_pki.Client, _pki.Server, TestPki.ServerId);
        var (client, server) = Open(_pki.Client, _pki.Server, TestPki.ServerId);
        Assert.Equal((1, 1), Shake(broken, other));
        Assert.Equal((1, 1), Shake(client, server));
        ((MemoryLine)other.Carrier).Send([23, 3, 3, 0, 20, .. new byte[20]]);
        var buffer = new byte[8];
        Assert.Equal(SslSession.Broken, broken.Read(buffer));
        Assert.NotEmpty(broken.Fault);
        Assert.Equal(SslSession.WantRead, client.Read(buffer));
        Assert.Equal(0u, SslError.Reason);
        Assert.Equal(4, server.Write("ping"u8));
        Assert.Equal(4, client.Read(buffer));
        foreach (var session in (SslSession[])[broken, other, client, server])
            session.Dispose();
    }

    private (SslSession Client, SslSession Server) Open(X509Svid client, X509Svid server, SpiffeId expected, TimeProvider? clock = null)
    {
        var (clientLine, serverLine) = Join(expected, clock);
        return (LibSslContexts.Of(client, TlsRole.TunnelClient).Open(isServer: false, clientLine),
            LibSslContexts.Of(server, TlsRole.Server).Open(isServer: true, serverLine));
    }

    private (MemoryLine Client, MemoryLine Server) Join(SpiffeId expected, TimeProvider? clock = null)
    {
        var client = new MemoryLine(new PeerVerifier(_pki.Bundle, expected, clock ?? TimeProvider.System), isServer: false);
        var server = new MemoryLine(_pki.VerifierOf(TestPki.ClientId), isServer: true) { Other = client };
        client.Other = server;
        return (client, server);
    }

    private static (int Client, int Server) Shake(SslSession client, SslSession server)
    {
        var (first, second) = (SslSession.WantRead, SslSession.WantRead);
        for (var i = 0; i < 5; i++)
        {
            first = first == SslSession.WantRead ? client.Handshake() : first;
            second = second == SslSession.WantRead ? server.Handshake() : second;
        }

        return (first, second);
    }

    private sealed class LateTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(2);
    }
}
