using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Proxy.Lifetime;
using Proxy.Spiffe.Issuing;
using Proxy.Tests.Engine;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

public sealed class LibSslHandshakeTests() : HandshakeTests(nameof(TlsEngine.LibSsl));

public sealed class SslStreamHandshakeTests() : HandshakeTests(nameof(TlsEngine.SslStream))
{
    [Fact]
    public void Two_SVIDs_with_other_keys_have_their_own_contexts()
    {
        var old = TlsContexts.ForClient(Pki.Client, Pki.VerifierOf(TestPki.ServerId)).ClientCertificateContext;
        Assert.Same(old, TlsContexts.ForClient(Pki.Client, Pki.VerifierOf(TestPki.ServerId)).ClientCertificateContext);
        Assert.NotSame(old, TlsContexts.ForClient(Pki.Issue(TestPki.ClientId), Pki.VerifierOf(TestPki.ServerId)).ClientCertificateContext);
    }
}

/// <summary>What holds for a handshake whoever speaks TLS.</summary>
public abstract class HandshakeTests(string engine) : IDisposable
{
    private readonly TestWorker _worker = new();
    private readonly Loopback _loopback = new();
    private readonly TestPki _pki = new(Enum.Parse<TlsEngine>(engine));

    private protected TestPki Pki => _pki;

    public static TheoryData<string, string> Impostors => new()
    {
        { "none", nameof(OutcomeReason.PeerWithoutCertificate) },
        { "stranger", nameof(OutcomeReason.PeerUntrusted) },
        { "expired", nameof(OutcomeReason.PeerExpired) },
        { "early", nameof(OutcomeReason.PeerNotYetValid) },
        { "nameless", nameof(OutcomeReason.PeerWithoutSpiffeId) },
        { "two names", nameof(OutcomeReason.PeerSeveralUriNames) },
        { "no SPIFFE ID", nameof(OutcomeReason.PeerMalformedSvid) },
        { "other", nameof(OutcomeReason.PeerUnexpectedId) },
    };

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _loopback.Dispose();
        _worker.Dispose();
        _pki.Dispose();
    }

    [Theory]
    [MemberData(nameof(Impostors))]
    public async Task A_client_with_a_wrong_certificate_is_refused_with_its_own_reason(string impostor, string reason)
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = _pki.Engine.Secure(transport);
        var accepting = _pki.AcceptAsync(_worker, leg, TestPki.ClientId);
        var connecting = Patience.OnThread(() => TryTls(() => peer.StartClientTls(TestPki.ClientOptions(Forge(impostor)))));

        Assert.Equal(reason, (await accepting).Reason.ToString());
        await _worker.DoAsync(leg.Abort);
        await connecting;
    }

    [Theory]
    [MemberData(nameof(Impostors))]
    public async Task A_server_with_a_wrong_certificate_hears_not_one_application_byte(string impostor, string reason)
    {
        if (impostor == "none")
            return;
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = _pki.Engine.Secure(transport);
        var connecting = _pki.ConnectAsync(_worker, leg, TestPki.ClientId);
        var accepting = Patience.OnThread(() => TryTls(() =>
        {
            peer.StartServerTls(TestPki.ServerOptions(Forge(impostor)!));
            Assert.Equal(0, peer.Receive(new byte[1]));
        }));

        Assert.Equal(reason, (await connecting).Reason.ToString());
        await _worker.DoAsync(leg.Abort);
        Assert.False(await accepting);
    }

    [Fact]
    public async Task TLS_1_2_is_refused()
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = _pki.Engine.Secure(transport);
        var accepting = _pki.AcceptAsync(_worker, leg, TestPki.ClientId);
#pragma warning disable CA5398 // the old version is what is refused
        var connecting = Patience.OnThread(() => TryTls(() => peer.StartClientTls(TestPki.ClientOptions(_pki.Client.Certificate, SslProtocols.Tls12))));
#pragma warning restore CA5398

        Assert.Equal(OutcomeReason.HandshakeFailed, (await accepting).Reason);
        await _worker.DoAsync(leg.Abort);
        Assert.False(await connecting);
    }

    [Fact]
    public async Task Plaintext_is_refused()
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = _pki.Engine.Secure(transport);
        var accepting = _pki.AcceptAsync(_worker, leg, TestPki.ClientId);
        peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(OutcomeReason.HandshakeFailed, (await accepting).Reason);
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public async Task A_silent_peer_meets_the_limit()
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = _pki.Engine.Secure(transport);
        var accepting = _pki.AcceptAsync(_worker, leg, TestPki.ClientId, TimeSpan.FromMilliseconds(100));
        Assert.Equal(OutcomeReason.HandshakeTimedOut, (await accepting).Reason);
        peer.ExpectReset();
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Timers.Pending));
    }

    [Fact]
    public async Task A_handshake_leaves_no_timer_behind()
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = await _pki.SecureAsClientOfAsync(_worker, transport, peer);
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Timers.Pending));
        await _worker.DoAsync(leg.Abort);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_leg_that_was_cut_before_its_handshake_fails_and_does_not_throw(bool isServer)
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = _pki.Engine.Secure(transport);
        await _worker.DoAsync(leg.Abort);
        var result = isServer
            ? await _pki.AcceptAsync(_worker, leg, TestPki.ClientId)
            : await _pki.ConnectAsync(_worker, leg, TestPki.ServerId);
        Assert.Equal(OutcomeReason.HandshakeFailed, result.Reason);
        peer.ExpectReset();
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Timers.Pending));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_leg_that_is_cut_during_its_handshake_fails_and_does_not_throw(bool isServer)
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = _pki.Engine.Secure(transport);
        var handshake = isServer
            ? _pki.AcceptAsync(_worker, leg, TestPki.ClientId)
            : _pki.ConnectAsync(_worker, leg, TestPki.ServerId);
        await _worker.DoAsync(leg.Abort);
        Assert.Equal(OutcomeReason.HandshakeFailed, (await handshake).Reason);
        Assert.ThrowsAny<IOException>(() => peer.ReceiveToEnd());
        Assert.Empty(_worker.Faults);
    }

    [Fact]
    public async Task Addresses_in_a_certificate_are_never_visited()
    {
        using var web = new Loopback();
        var place = $"http://{web.Endpoint}";
        using var leaf = _pki.Forge(["spiffe://cluster.local/ns/default/sa/client"], null, null,
            new X509AuthorityInformationAccessExtension([$"{place}/ocsp"], [$"{place}/issuer.crt"]),
            CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([$"{place}/list.crl"]));
        using var elsewhere = CertificateAuthority.Create(TestPki.Domain, TimeProvider.System);

        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = _pki.Engine.Secure(transport);
        var accepting = _pki.AcceptAsync(_worker, leg, TestPki.ClientId);
        await Patience.OnThread(() => TryTls(() => peer.StartClientTls(TestPki.ClientOptions(leaf))));
        Assert.Null((await accepting).Reason);

        var (second, secondPeer) = await _loopback.ConnectAsync(_worker);
        var client = _pki.Engine.Secure(second);
        var connecting = _pki.ConnectAsync(_worker, client, TestPki.ClientId);
        await Patience.OnThread(() => TryTls(() => secondPeer.StartServerTls(TestPki.ServerOptions(leaf))));
        Assert.Null((await connecting).Reason);
        Assert.False(web.HasCaller());
        await _worker.DoAsync(leg.Abort);
        await _worker.DoAsync(client.Abort);
    }

    [Fact]
    public async Task No_session_is_ever_resumed()
    {
        var options = TestPki.ClientOptions(_pki.Client.Certificate);
        for (var i = 0; i < 3; i++)
        {
            var (transport, peer) = await _loopback.ConnectAsync(_worker);
            var leg = _pki.Engine.Secure(transport);
            var verifier = _pki.VerifierOf(TestPki.ClientId);
            var accepting = _worker.RunAsync(() => Handshake.RunAsync(_worker.Worker, leg, _worker.Worker.Handshakes.Of(default), Patience.Limit, verifier,
                () => leg.AuthenticateAsServerAsync(_pki.Server, verifier)));
            await Patience.OnThread(() => peer.StartClientTls(options));
            Assert.Null((await accepting).Reason);
            // A resumed session would not have shown its certificate.
            Assert.True(verifier.Found is { IsValid: true });
            await _worker.DoAsync(leg.Abort);
        }
    }

    private X509Certificate2? Forge(string impostor)
    {
        const string right = "spiffe://cluster.local/ns/default/sa/client";
        return impostor switch
        {
            "none" => null,
            "stranger" => Stranger(),
            "expired" => _pki.Forge([right], TimeSpan.FromSeconds(-40), TimeSpan.FromSeconds(-10)),
            "early" => _pki.Forge([right], TimeSpan.FromMinutes(10)),
            "nameless" => _pki.Forge([]),
            "two names" => _pki.Forge([right, "spiffe://cluster.local/ns/default/sa/other"]),
            "no SPIFFE ID" => _pki.Forge(["https://cluster.local/ns/default/sa/client"]),
            _ => _pki.Forge(["spiffe://cluster.local/ns/default/sa/other"]),
        };
    }

    private static X509Certificate2 Stranger()
    {
        using var pki = new TestPki();
        return pki.Issue(TestPki.ClientId).Certificate;
    }

    private static bool TryTls(Action handshake)
    {
        try
        {
            handshake();
            return true;
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return false;
        }
    }
}
