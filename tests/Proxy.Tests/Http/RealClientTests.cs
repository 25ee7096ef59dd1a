using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Proxy.Http;
using Proxy.Policy;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Http;

/// <summary>curl and .NET's client through a gated relay.</summary>
public sealed class RealClientTests : GatedRelayStage
{
    [Theory]
    [InlineData("/public/a", false, "200", "/public/a")]
    [InlineData("/public/../private", false, "400", null)]
    [InlineData("/public/%2e%2e/private", false, "400", null)]
    [InlineData("/%70ublic/a", false, "400", null)]
    [InlineData("/public/a%2fb", false, "400", null)]
    [InlineData("/private", false, "403", null)]
    [InlineData("/public/../private", true, "403", null)]
    [InlineData("/x/../public/%61?q=/../", true, "200", "/public/a?q=/../")]
    [InlineData("/%70ublic/a", true, "200", "/public/a")]
    [InlineData("/public/a%2fb", true, "200", "/public/a%2fb")]
    [InlineData("/public/..%2fprivate", true, "400", null)]
    [InlineData("/public/%00", true, "400", null)]
    public async Task Curl_gets_what_the_path_deserves(string path, bool normalises, string status, string? seen)
    {
        var (url, server) = await ListenAsync(new GateLimits { NormalisesPaths = normalises }, "{path: '/public/.*'}");

        Assert.Equal(status, await CurlAsync("--path-as-is", url + path));
        Assert.Equal(seen is null ? "" : $"GET {seen} HTTP/1.1", server().Split("\r\n")[0]);
    }

    [Fact]
    public async Task Curl_cannot_give_itself_a_role()
    {
        var (url, server) = await ListenAsync(GateLimits.Default, "{headerMatches: [{name: X-Role, value: user, mismatch: REPLACE}]}");

        Assert.Equal("200", await CurlAsync("-H", "X-Role: admin", "-H", "X_Role: admin", "-H", "x-role: user", "-d", "hello", url));
        Assert.Contains("\r\nX-Role: user\r\n\r\n", server(), StringComparison.Ordinal);
        Assert.DoesNotContain("admin", server(), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nhello", server(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_client_with_a_chunked_body_gets_its_header()
    {
        var (url, server) = await ListenAsync(GateLimits.Default, "{method: POST, headers: ['X-Known: yes'], headerMatches: [{name: X-Mesh, value: 'on', mismatch: ADD}]}");
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent("hello") };
        request.Headers.TransferEncodingChunked = true;
        request.Headers.Add("X-Known", "yes");

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("\r\nX-Mesh: on\r\n\r\n5\r\nhello\r\n0\r\n\r\n", server(), StringComparison.Ordinal);
    }

    private static async Task<string> CurlAsync(params string[] arguments)
    {
        string[] all = ["-qsS", "--noproxy", "*", "--max-time", "60", "-o", "/dev/null", "-w", "%{http_code}", .. arguments];
        var start = new ProcessStartInfo("curl", all) { RedirectStandardOutput = true };
        using var curl = Process.Start(start)!;
        var status = await curl.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await curl.WaitForExitAsync(TestContext.Current.CancellationToken);
        return status;
    }

    /// <summary>One connection of a client, gated, to a server that answers one request; its second value is what the server got.</summary>
    private async Task<(string Url, Func<string> Server)> ListenAsync(GateLimits limits, string rule)
    {
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        var gated = new GatedRelay(_worker.Worker, clientLeg, serverLeg, new RequestGate(new RuleJudge(HeaderEditTests.RulesOf(rule)), limits));
        _ = _worker.RunAsync(gated.RunAsync);
        var received = Patience.OnThread(() => Serve(server));
        return (Enter(client), () => received.GetAwaiter().GetResult());
    }

    // Until the request is whole, as far as these tests send any.
    private static string Serve(Peer server)
    {
        var received = new StringBuilder();
        var buffer = new byte[4096];
        var isAnswered = false;
        while (server.Receive(buffer) is > 0 and var count)
        {
            received.Append(Encoding.Latin1.GetString(buffer.AsSpan(0, count)));
            var text = received.ToString();
            var isWhole = text.EndsWith("0\r\n\r\n", StringComparison.Ordinal) || text.EndsWith("\r\n\r\nhello", StringComparison.Ordinal)
                || (text.EndsWith("\r\n\r\n", StringComparison.Ordinal) && text.StartsWith("GET ", StringComparison.Ordinal));
            if (isWhole && !isAnswered)
                server.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            isAnswered |= isWhole;
        }

        return received.ToString();
    }

    /// <summary>Where one connection is accepted, whose bytes are carried to the peer of the client's leg.</summary>
    private static string Enter(Peer peer)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        _ = Task.Run(() => Carry(listener, peer));
        return url;
    }

    private static void Carry(TcpListener listener, Peer peer)
    {
        using var socket = listener.AcceptSocket();
        listener.Stop();
        using var stream = new NetworkStream(socket);
        var back = Task.Run(() => Copy(peer.Receive, bytes => stream.Write(bytes), () => socket.Shutdown(SocketShutdown.Send)));
        Copy(stream.Read, bytes => peer.Send(bytes), peer.End);
        back.Wait();
    }

    private delegate int Source(Span<byte> buffer);

    private delegate void Sink(ReadOnlySpan<byte> bytes);

    // What comes after the other end is gone has nobody to go to.
    private static void Copy(Source source, Sink sink, Action end)
    {
        try
        {
            var buffer = new byte[4096];
            while (source(buffer) is > 0 and var count)
                sink(buffer.AsSpan(0, count));
            end();
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
        }
    }

    private sealed class RuleJudge(HttpRuleSet rules) : IRequestJudge
    {
        public RequestVerdict Decide(in RequestHead request) => rules.Decide(request.Facts);

        public void Answered(in RequestHead request, ushort status)
        {
        }
    }
}
