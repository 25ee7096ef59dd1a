using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.X509;

/// <summary>A certificate may name addresses to fetch from; the peer that names them must not make us call there.</summary>
public sealed class FetchTests : IAsyncDisposable
{
    private readonly TestAuthority _root = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _connections;

    public FetchTests()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    [Fact]
    public async Task Verification_fetches_nothing()
    {
        using var missing = new TestAuthority("CN=missing", _root);
        var direct = _root.Issue(LeafWithAddresses());
        var orphan = missing.Issue(LeafWithAddresses());
        Assert.True(Verify([direct]).IsValid);
        Assert.Equal(SvidFault.IssuerNotFetched, Verify([orphan]).Fault);
        Assert.Equal(0, await CountAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handshake_fetches_nothing_and_its_faults_are_told_apart(bool verifierIsClient)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var missing = new TestAuthority("CN=missing", _root);
        var now = TimeProvider.System.GetUtcNow();
        var leaf = LeafWithAddresses() with { NotBefore = now.AddMinutes(-1), NotAfter = now.AddHours(1) };
        var good = _root.Issue(leaf, key).CopyWithPrivateKey(key);
        var old = _root.Issue(leaf with { NotBefore = now.AddHours(-2), NotAfter = now.AddHours(-1) }, key).CopyWithPrivateKey(key);
        var orphan = missing.Issue(leaf, key).CopyWithPrivateKey(key);
        Assert.Equal(SvidFault.None, await HandshakeAsync(verifierIsClient, good, "spiffe://td/alice"));
        Assert.Equal(SvidFault.UnexpectedId, await HandshakeAsync(verifierIsClient, good, "spiffe://td/bob"));
        Assert.Equal(SvidFault.Expired, await HandshakeAsync(verifierIsClient, old, "spiffe://td/alice"));
        Assert.Equal(SvidFault.IssuerNotFetched, await HandshakeAsync(verifierIsClient, orphan, "spiffe://td/alice"));
        Assert.Equal(0, await CountAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _root.Dispose();
        _stop.Dispose();
    }

    private SvidCheck Verify(IReadOnlyList<X509Certificate2> presented) =>
        SvidVerifier.Verify(presented, _ => _root.BundleOf("td"), TestAuthority.Now);

    private async Task<SvidFault> HandshakeAsync(bool verifierIsClient, X509Certificate2 certificate, string expected)
    {
        var peer = new HandshakePeer(_root.BundleOf("td"), SpiffeId.Parse(expected));
        // Offline, or whoever presents a certificate would look for its issuer at the addresses in it.
        var presented = SslStreamCertificateContext.Create(certificate, null, offline: true);
        using var pair = new TcpListener(IPAddress.Loopback, 0);
        pair.Start();
        using var client = new TcpClient();
        var connecting = client.ConnectAsync((IPEndPoint)pair.LocalEndpoint, TestContext.Current.CancellationToken);
        using var server = await pair.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await connecting;
        await using var serverTls = new SslStream(server.GetStream());
        await using var clientTls = new SslStream(client.GetStream());
        var serving = serverTls.AuthenticateAsServerAsync(peer.ServerOptions(presented, isVerifier: !verifierIsClient));
        var dialling = clientTls.AuthenticateAsClientAsync(peer.ClientOptions(presented, isVerifier: verifierIsClient));
        var refused = await Record.ExceptionAsync(() => verifierIsClient ? dialling : serving);
        Assert.Equal(peer.Fault != SvidFault.None, refused is AuthenticationException);
        client.Close();
        await Task.WhenAll(serving, dialling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return peer.Fault;
    }

    private TestLeaf LeafWithAddresses()
    {
        var url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/";
        return new TestLeaf("spiffe://td/alice")
        {
            Others =
            [
                new X509AuthorityInformationAccessExtension([url + "ocsp"], [url + "issuer.cer"]),
                CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([url + "list.crl"]),
            ],
        };
    }

    // A connection of our own marks the end: all that came before it has been counted by then.
    private async Task<int> CountAsync()
    {
        using var last = new TcpClient();
        await last.ConnectAsync((IPEndPoint)_listener.LocalEndpoint, TestContext.Current.CancellationToken);
        while (Volatile.Read(ref _connections) == 0)
            await Task.Yield();
        return Volatile.Read(ref _connections) - 1;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            Interlocked.Increment(ref _connections);
        }
    }
}
