using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using Proxy.Spiffe.Federation;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.Federation;

/// <summary>An HTTPS server on loopback that says the bytes that a test gives it, one answer on each connection.</summary>
internal sealed class BundlePeer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<string> _requests = Channel.CreateUnbounded<string>();
    private readonly Task _accepting;
    private readonly List<Task> _serving = [];
    private volatile SslStreamCertificateContext? _context;
    private int _connections;

    public BundlePeer(IPAddress? address = null)
    {
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>What is sent back; the stream is closed behind it. Nothing is sent while it is null.</summary>
    public volatile Func<Stream, CancellationToken, Task>? Answer;

    public int Connections => Volatile.Read(ref _connections);

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static TestLeaf Leaf(string id) => new(id) { NotAfter = TestAuthority.Now.AddDays(30) };

    /// <summary>A leaf of Web PKI, with names of hosts and no URI.</summary>
    public static TestLeaf WebLeaf(string? name, IPAddress? address = null)
    {
        var names = new SubjectAlternativeNameBuilder();
        if (name is not null)
            names.AddDnsName(name);
        if (address is not null)
            names.AddIpAddress(address);
        return new TestLeaf { NotAfter = TestAuthority.Now.AddDays(30), Others = [names.Build()] };
    }

    public static Func<Stream, CancellationToken, Task> Say(byte[] bytes) => async (stream, stop) => await stream.WriteAsync(bytes, stop);

    public static Func<Stream, CancellationToken, Task> Say(string head, byte[]? body = null) => Say([.. Encoding.ASCII.GetBytes(head.ReplaceLineEndings("\r\n") + "\r\n\r\n"), .. body ?? []]);

    /// <summary>Says it, and then nothing more, without an end.</summary>
    public static Func<Stream, CancellationToken, Task> SayAndStall(string text) => async (stream, stop) =>
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), stop);
        await Task.Delay(Timeout.Infinite, stop);
    };

    public static Func<Stream, CancellationToken, Task> Bundle(TestAuthority[] roots, ulong? sequence = null, int? hint = null) =>
        Body(new BundleDocument(new TrustBundle(new TrustDomain("any"), roots.Select(root => root.Certificate)), sequence, hint is { } seconds ? TimeSpan.FromSeconds(seconds) : null).ToJson());

    public static Func<Stream, CancellationToken, Task> Body(byte[] body) => Say($"HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: {body.Length}", body);

    /// <summary>Presents a new certificate from now on.</summary>
    public BundlePeer Present(TestAuthority issuer, TestLeaf leaf)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var above = issuer.Parent is null ? null : new X509Certificate2Collection(issuer.Certificate);
        _context = SslStreamCertificateContext.Create(issuer.Issue(leaf, key).CopyWithPrivateKey(key), above, offline: true);
        return this;
    }

    public FederatedDomain Endpoint(string domain, string? id = null, string host = "127.0.0.1")
    {
        Assert.True(FederatedDomain.TryParse($"{domain}=https://{host}:{Port}/bundle?x=1{(id is null ? "" : $",{id}")}", out var endpoint, out var error), error);
        return endpoint;
    }

    /// <summary>The head of the next request.</summary>
    public async Task<string> RequestAsync() =>
        await _requests.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            Interlocked.Increment(ref _connections);
            _serving.Add(ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = _context }, _stop.Token);
            _requests.Writer.TryWrite(await ReadHeadAsync(tls));
            if (Answer is { } answer)
                await answer(tls, _stop.Token);
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException)
        {
            // The client goes when it has seen enough; what it made of it is the test's subject.
        }
    }

    private async Task<string> ReadHeadAsync(SslStream tls)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await tls.ReadAsync(one, _stop.Token) == 0)
                throw new IOException("closed");
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
