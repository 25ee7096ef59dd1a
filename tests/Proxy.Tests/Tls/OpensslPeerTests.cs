using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe.X509;
using Proxy.Tests.Engine;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

public sealed class LibSslOpensslPeerTests() : OpensslPeerTests(nameof(TlsEngine.LibSsl));

public sealed class SslStreamOpensslPeerTests() : OpensslPeerTests(nameof(TlsEngine.SslStream));

/// <summary>With OpenSSL's own program at the other end.</summary>
public abstract class OpensslPeerTests(string engine) : IDisposable
{
    private readonly TestWorker _worker = new();
    private readonly TestPki _pki = new(Enum.Parse<TlsEngine>(engine));
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory();
    private Process? _openssl;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (_openssl is { HasExited: false })
            _openssl.Kill();
        _openssl?.Dispose();
        _worker.Dispose();
        _pki.Dispose();
        _files.Delete(recursive: true);
    }

    [Theory]
    [InlineData("k")]
    [InlineData("K")]
    public async Task Keys_may_be_updated_at_any_time(string command)
    {
        var leg = await AcceptAsync("-alpn", "node-proxy/1");
        Assert.Equal(TlsContexts.TunnelProtocol, leg.Protocol);
        for (var i = 0; i < 20; i++)
        {
            await SayAsync(command);
            await WaitForAsync("KEYUPDATE");
            await SayAsync($"hello {i}");
            Assert.Equal($"hello {i}\n", await ReadAsync(leg));
            // Behind a K this end's keys are new as well.
            Assert.True(await _worker.RunAsync(() => leg.WriteAsync(Encoding.ASCII.GetBytes($"answer {i}\n"))));
            await WaitForAsync($"answer {i}");
        }

        await _worker.DoAsync(leg.Abort);
        Assert.Empty(_worker.Faults);
    }

    [Fact]
    public async Task A_client_without_ALPN_gets_no_tunnel_and_no_ticket()
    {
        var leg = await AcceptAsync();
        Assert.True(leg.Protocol.Protocol.IsEmpty);
        Assert.True(await _worker.RunAsync(() => leg.WriteAsync("over\n"u8.ToArray())));
        var said = await WaitForAsync("over");
        Assert.DoesNotContain("New Session Ticket", said, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("TLSv1.3", said, StringComparison.Ordinal);
        Assert.Contains("Compression: NONE", said, StringComparison.Ordinal);
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public async Task A_client_with_other_protocols_only_is_refused()
    {
        var (leg, accepting) = await BeginAcceptAsync("-alpn", "smtp");
        Assert.Equal(OutcomeReason.HandshakeFailed, (await accepting).Reason);
        await WaitForAsync("no application protocol");
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public async Task A_server_of_openssl_answers()
    {
        Start("s_server", _pki.Server, "-accept", "127.0.0.1:0", "-Verify", "1", "-alpn", "node-proxy/1", "-rev");
        var said = await WaitForAsync("ACCEPT 127.0.0.1:");
        var port = ushort.Parse(said[(said.LastIndexOf(':') + 1)..].Trim(), CultureInfo.InvariantCulture);
        var transport = await _worker.RunAsync(() => Loopback.DialAsync(_worker.Worker, new(Address.From(IPAddress.Loopback), port)));
        var leg = _pki.Engine.Secure(transport);
        Assert.Equal(new HandshakeResult(null, ""), await _pki.ConnectAsync(_worker, leg, TestPki.ServerId));
        Assert.Equal(TlsContexts.TunnelProtocol, leg.Protocol);
        Assert.True(await _worker.RunAsync(() => leg.WriteAsync("abc\n"u8.ToArray())));
        Assert.Equal("cba\n", await ReadAsync(leg));
        await _worker.DoAsync(leg.Abort);
    }

    private async Task<TlsLeg> AcceptAsync(params string[] further)
    {
        var (leg, accepting) = await BeginAcceptAsync(further);
        Assert.Equal(new HandshakeResult(null, ""), await accepting);
        return leg;
    }

    private async Task<(TlsLeg Leg, Task<HandshakeResult> Accepting)> BeginAcceptAsync(params string[] further)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var socket = await _worker.AskAsync(() => Listen((ushort)port));
        Start("s_client", _pki.Client, ["-connect", $"127.0.0.1:{port}", .. further]);
        var accepted = await Patience.OnThread(() =>
        {
            TcpSocket taken;
            while (socket.Accept(out taken, out _) != SocketFault.None)
                Thread.Yield();
            return taken;
        });
        socket.Close();
        TcpSocket Listen(ushort at)
        {
            Assert.Equal(SocketFault.None, TcpSocket.TryCreate(ipv4: true, out var made));
            Assert.Equal(SocketFault.None, made.Bind(new(Address.From(IPAddress.Loopback), at)));
            Assert.Equal(SocketFault.None, made.Listen(1));
            return made;
        }

        PlainLeg.Prepare(accepted);
        var leg = _pki.Engine.Secure(await _worker.AskAsync(() => new PlainLeg(_worker.Worker, accepted, isConnected: true)));
        return (leg, _pki.AcceptAsync(_worker, leg, TestPki.ClientId));
    }

    private void Start(string verb, X509Svid svid, params string[] arguments)
    {
        var (certificate, key) = (Path.Combine(_files.FullName, "certificate.pem"), Path.Combine(_files.FullName, "key.pem"));
        File.WriteAllText(certificate, svid.Certificate.ExportCertificatePem());
        using (var held = svid.Certificate.GetECDsaPrivateKey()!)
            File.WriteAllText(key, held.ExportPkcs8PrivateKeyPem());
        var start = new ProcessStartInfo("openssl", [verb, "-cert", certificate, "-key", key, "-tls1_3", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _openssl = Process.Start(start)!;
        foreach (var stream in (StreamReader[])[_openssl.StandardOutput, _openssl.StandardError])
            _ = Patience.OnThread(() => Collect(stream));
    }

    private readonly StringBuilder _said = new();

    private void Collect(StreamReader stream)
    {
        var buffer = new char[4096];
        for (int count; (count = stream.Read(buffer, 0, buffer.Length)) > 0;)
        {
            lock (_said)
            {
                _said.Append(buffer, 0, count);
                Monitor.PulseAll(_said);
            }
        }
    }

    /// <summary>Waits for a text and its line, and forgets what came up to it.</summary>
    private Task<string> WaitForAsync(string text) => Patience.OnThread(() =>
    {
        lock (_said)
        {
            while (true)
            {
                var said = _said.ToString();
                var at = said.IndexOf(text, StringComparison.OrdinalIgnoreCase);
                var end = at < 0 ? -1 : said.IndexOf('\n', at);
                if (end >= 0)
                {
                    _said.Remove(0, end + 1);
                    return said[..end];
                }

                if (!Monitor.Wait(_said, Patience.Limit))
                    throw new TimeoutException($"no '{text}' in: {said}");
            }
        }
    });

    private async Task SayAsync(string line)
    {
        await _openssl!.StandardInput.WriteAsync($"{line}\n");
        await _openssl.StandardInput.FlushAsync();
    }

    private Task<string> ReadAsync(Leg leg) => _worker.RunAsync(async () =>
    {
        var buffer = new byte[64];
        await leg.WaitAsync();
        var count = await leg.ReadAsync(buffer);
        return Encoding.ASCII.GetString(buffer, 0, Math.Max(0, count));
    });
}
