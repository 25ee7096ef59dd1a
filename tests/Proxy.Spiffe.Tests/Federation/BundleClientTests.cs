using System.Net;
using System.Net.Sockets;
using System.Text;
using Proxy.Spiffe.Federation;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Tests.Federation;

public sealed class BundleClientTests : IAsyncDisposable
{
    private const string ServerId = "spiffe://b.test/server";

    private readonly TestAuthority _root = new("CN=b");
    private readonly TestAuthority _other = new("CN=other");
    private readonly VirtualTime _time = new();
    private readonly BundlePeer _peer = new();

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        _root.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task A_server_with_the_right_id_gives_a_bundle()
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Bundle([_root, _other], 7, 60);

        var fetch = await SpiffeAsync();

        Assert.Equal("", fetch.Fault);
        Assert.Equal(7ul, fetch.Document!.Sequence);
        Assert.Equal(TimeSpan.FromSeconds(60), fetch.Document.RefreshHint);
        Assert.Equal("b.test", fetch.Document.Bundle.TrustDomain.Name);
        Assert.Equal(2, fetch.Document.Bundle.Roots.Count);
    }

    [Fact]
    public async Task The_request_is_a_plain_GET_without_cookies_or_credentials()
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Say("HTTP/1.1 401 No\nSet-Cookie: a=b; Path=/\nWWW-Authenticate: Basic\nContent-Length: 0");
        var client = Client(_root.BundleOf("b.test"));

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("the server answered 401", (await client.FetchAsync(Endpoint(), Stop)).Fault);
            Assert.Equal(
                ["GET /bundle?x=1 HTTP/1.1", "Accept: application/json", $"Host: 127.0.0.1:{_peer.Port}", "User-Agent: node-proxy"],
                (await _peer.RequestAsync()).TrimEnd().Split("\r\n").Order(Comparer<string>.Create(RequestLineFirst)));
        }

        Assert.Equal(2, _peer.Connections);
    }

    [Fact]
    public async Task The_host_of_an_SVID_does_not_matter_and_a_chain_may_have_an_intermediate()
    {
        using var intermediate = new TestAuthority("CN=intermediate", _root);
        _peer.Present(intermediate, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Bundle([_root]);

        Assert.Equal("", (await SpiffeAsync("localhost")).Fault);
    }

    [Theory]
    [InlineData("spiffe://b.test/other", "the server says that it is spiffe://b.test/other, expected was spiffe://b.test/server")]
    [InlineData("spiffe://c.test/server", "the server says that it is spiffe://c.test/server, expected was spiffe://b.test/server")]
    [InlineData("spiffe://b.test", "the server says that it is spiffe://b.test, expected was spiffe://b.test/server")]
    [InlineData("https://b.test/server", "the server's certificate is refused: The certificate's URI is not a SPIFFE ID: WrongScheme.")]
    public async Task A_server_with_another_id_is_refused(string id, string why)
    {
        _peer.Present(_root, BundlePeer.Leaf(id)).Answer = BundlePeer.Bundle([_root]);

        Assert.Equal(why, (await SpiffeAsync()).Fault);
    }

    [Fact]
    public async Task A_server_with_an_expired_SVID_is_refused_by_the_clock_that_is_given()
    {
        _peer.Present(_root, new TestLeaf(ServerId)).Answer = BundlePeer.Bundle([_root]);
        Assert.Equal("", (await SpiffeAsync()).Fault);

        _time.Advance(TimeSpan.FromHours(1));

        Assert.Contains("The certificate expired at 2026-11-22 13:00:00Z", (await SpiffeAsync()).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_another_authority_vouches_for_is_refused()
    {
        _peer.Present(_other, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Bundle([_other]);

        Assert.StartsWith("the server's certificate is refused: The certificate does not chain to a root of b.test", (await SpiffeAsync()).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_Web_PKI_is_no_SVID()
    {
        _peer.Present(_root, BundlePeer.WebLeaf(null, IPAddress.Loopback)).Answer = BundlePeer.Bundle([_root]);

        Assert.Equal("the server's certificate is refused: The certificate names no SPIFFE ID.", (await SpiffeAsync()).Fault);
    }

    [Fact]
    public async Task Without_a_bundle_of_the_ids_trust_domain_nobody_is_asked()
    {
        var client = Client(null);

        var fetch = await client.FetchAsync(_peer.Endpoint("b.test", "spiffe://c.test/server"), Stop);

        Assert.Contains("there is no bundle of c.test", fetch.Fault, StringComparison.Ordinal);
        Assert.Equal(0, _peer.Connections);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    public async Task A_server_of_Web_PKI_is_known_by_its_host(string host)
    {
        _peer.Present(_root, host == "localhost" ? BundlePeer.WebLeaf(host) : BundlePeer.WebLeaf(null, IPAddress.Loopback)).Answer = BundlePeer.Bundle([_other]);

        var fetch = await WebAsync(host);

        Assert.Equal("", fetch.Fault);
        Assert.True(fetch.Document!.Bundle.IsRoot(_other.Certificate));
    }

    [Theory]
    [InlineData("localhost", "localhost.test")]
    [InlineData("127.0.0.1", "localhost")]
    public async Task A_server_of_Web_PKI_with_another_name_is_refused(string host, string name)
    {
        _peer.Present(_root, BundlePeer.WebLeaf(name)).Answer = BundlePeer.Bundle([_root]);

        Assert.Equal("the server's certificate is not for this host", (await WebAsync(host)).Fault);
    }

    [Fact]
    public async Task A_server_of_an_unknown_authority_is_refused()
    {
        _peer.Present(_other, BundlePeer.WebLeaf("localhost")).Answer = BundlePeer.Bundle([_root]);

        Assert.StartsWith("the server's certificate is not believed (", (await WebAsync("localhost")).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_systems_authorities_do_not_know_a_private_one()
    {
        _peer.Present(_root, BundlePeer.WebLeaf("localhost")).Answer = BundlePeer.Bundle([_root]);
        var client = new BundleClient(new FederationOptions(), _ => null, _time);

        Assert.StartsWith("the server's certificate is not believed (", (await client.FetchAsync(_peer.Endpoint("b.test", null, "localhost"), Stop)).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_Web_PKI_whose_certificate_has_expired_is_refused_by_the_clock_that_is_given()
    {
        _peer.Present(_root, BundlePeer.WebLeaf("localhost") with { NotAfter = TestAuthority.Now.AddHours(1) }).Answer = BundlePeer.Bundle([_root]);
        Assert.Equal("", (await WebAsync("localhost")).Fault);

        _time.Advance(TimeSpan.FromHours(2));

        Assert.Equal("the server's certificate is not believed (NotTimeValid)", (await WebAsync("localhost")).Fault);
    }

    [Theory]
    [InlineData("clientAuth")]
    [InlineData("SVID")]
    public async Task A_certificate_that_is_not_for_servers_or_not_for_hosts_is_refused(string kind)
    {
        var leaf = kind == "SVID" ? BundlePeer.Leaf(ServerId) : BundlePeer.WebLeaf("localhost") with { ExtendedKeyUsage = ["1.3.6.1.5.5.7.3.2"] };
        _peer.Present(_root, leaf).Answer = BundlePeer.Bundle([_root]);

        Assert.StartsWith("the server's certificate is not ", (await WebAsync("localhost")).Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed(int status)
    {
        await using var target = new BundlePeer();
        target.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Bundle([_root]);
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Say($"HTTP/1.1 {status} Go\nLocation: https://127.0.0.1:{target.Port}/bundle?secret\nContent-Length: 0");

        Assert.Equal(
            $"the server answered {status}, a redirect to https://127.0.0.1:{target.Port}/bundle; redirects are not followed: if it is right, give that URL",
            (await SpiffeAsync()).Fault);
        Assert.Equal(0, target.Connections);
    }

    [Theory]
    [InlineData("/elsewhere")]
    [InlineData("\u001b[2J:::")]
    public async Task Where_a_redirect_leads_is_told_as_a_URL_or_not_at_all(string place)
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Say($"HTTP/1.1 302 Go\nLocation: {place}\nContent-Length: 0");

        Assert.Contains("a redirect to another place", (await SpiffeAsync()).Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("204 No Content")]
    [InlineData("206 Partial Content")]
    [InlineData("404 Not Found")]
    [InlineData("500 Oh")]
    public async Task Only_200_is_an_answer(string status)
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Say($"HTTP/1.1 {status}\nConnection: close", status[0] == '2' ? [] : "{\"keys\":[]}"u8.ToArray());

        Assert.Equal($"the server answered {status[..3]}", (await SpiffeAsync()).Fault);
    }

    [Theory]
    [InlineData("<html>", "the answer is no bundle: The bundle is not JSON")]
    [InlineData("", "the answer is no bundle: The bundle is not JSON")]
    [InlineData("{}", "the answer is no bundle: The bundle of b.test has no array 'keys'.")]
    [InlineData("{\"keys\":null}", "the answer is no bundle: The bundle of b.test has no array 'keys'.")]
    [InlineData("{\"keys\":[],\"spiffe_sequence\":-1}", "the answer is no bundle: The spiffe_sequence of the bundle")]
    [InlineData("{\"keys\":[{\"kty\":\"EC\",\"use\":\"x509-svid\",\"x5c\":[\"AAAA\"]}]}", "the answer is no bundle: A key of the bundle of b.test has a certificate that cannot be read.")]
    public async Task What_is_no_bundle_is_refused(string body, string why)
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Body(Encoding.UTF8.GetBytes(body));

        Assert.StartsWith(why, (await SpiffeAsync()).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_other_uses_are_passed_over()
    {
        var own = Encoding.UTF8.GetString(new BundleDocument(_root.BundleOf("b.test"), null, null).ToJson());
        var mixed = own.Replace("\"keys\":[", "\"keys\":[{\"kty\":\"EC\",\"use\":\"jwt-svid\",\"kid\":\"1\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"\"},{\"kty\":\"EC\",\"use\":\"wit-svid\"},{\"kty\":\"XX\"},", StringComparison.Ordinal);
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Body(Encoding.UTF8.GetBytes(mixed));

        Assert.True(Assert.Single((await SpiffeAsync()).Document!.Bundle.Roots).RawDataMemory.Span.SequenceEqual(_root.Certificate.RawDataMemory.Span));
    }

    [Theory]
    [InlineData(-1, false, true)]
    [InlineData(0, false, true)]
    [InlineData(1, false, false)]
    [InlineData(-1, true, true)]
    [InlineData(0, true, true)]
    [InlineData(1, true, false)]
    public async Task A_body_is_read_up_to_the_limit(int more, bool isChunked, bool isTaken)
    {
        var document = "{\"keys\":[]}"u8.ToArray();
        byte[] body = [.. document, .. Enumerable.Repeat((byte)' ', BundleDocument.MaximumLength + more - document.Length)];
        byte[] chunked = [.. Encoding.ASCII.GetBytes($"{body.Length:x}\r\n"), .. body, .. "\r\n0\r\n\r\n"u8];
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = isChunked ? BundlePeer.Say("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", chunked) : BundlePeer.Body(body);

        Assert.Equal(isTaken ? "" : $"the answer is larger than {BundleDocument.MaximumLength} bytes", (await SpiffeAsync()).Fault);
    }

    [Fact]
    public async Task A_body_that_never_ends_is_not_read_for_ever()
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = async (stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), stop);
            while (true)
                await stream.WriteAsync(new byte[64 * 1024], stop);
        };

        Assert.Equal($"the answer is larger than {BundleDocument.MaximumLength} bytes", (await SpiffeAsync()).Fault);
    }

    [Fact]
    public async Task A_head_that_never_ends_is_not_read_for_ever()
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = async (stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), stop);
            while (true)
                await stream.WriteAsync("X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"u8.ToArray(), stop);
        };

        Assert.NotEqual("", (await SpiffeAsync()).Fault);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{\"keys\":[]}\r\n")]
    public async Task A_slow_answer_is_given_up_after_the_limit(string beginning)
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.SayAndStall(beginning);
        var fetching = SpiffeAsync();
        await _peer.RequestAsync();

        _time.Advance(BundleClient.Limit - TimeSpan.FromMilliseconds(1));
        Assert.False(fetching.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("there was no whole answer within 30 s", (await fetching.WaitAsync(TimeSpan.FromSeconds(60), Stop)).Fault);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"keys\":[]}")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{\"keys\":[]}\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{\"keys\":[]}\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n")]
    [InlineData("")]
    public async Task An_answer_that_is_cut_off_or_none_is_refused(string answer)
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.Say(Encoding.ASCII.GetBytes(answer));

        var fetch = await SpiffeAsync();

        Assert.Null(fetch.Document);
        Assert.InRange(fetch.Fault.Length, 1, 200);
    }

    [Fact]
    public async Task A_server_without_TLS_is_refused()
    {
        using var plain = new TcpListener(IPAddress.Loopback, 0);
        plain.Start();
        Assert.True(FederatedDomain.TryParse($"b.test=https://127.0.0.1:{((IPEndPoint)plain.LocalEndpoint).Port}/,{ServerId}", out var endpoint, out _));
        var client = Client(_root.BundleOf("b.test"));
        var fetching = client.FetchAsync(endpoint, Stop);
        using (var server = await plain.AcceptTcpClientAsync(Stop))
            await server.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}"u8.ToArray(), Stop);

        Assert.NotEqual("", (await fetching).Fault);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_told()
    {
        FederatedDomain endpoint;
        await using (var gone = new BundlePeer())
            endpoint = gone.Endpoint("b.test", ServerId);

        Assert.Contains("Connection refused", (await Client(_root.BundleOf("b.test")).FetchAsync(endpoint, Stop)).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fetch_ends_when_it_is_stopped()
    {
        _peer.Present(_root, BundlePeer.Leaf(ServerId)).Answer = BundlePeer.SayAndStall("");
        using var stop = new CancellationTokenSource();
        var client = Client(_root.BundleOf("b.test"));
        var fetching = client.FetchAsync(Endpoint(), stop.Token);
        await _peer.RequestAsync();

        await stop.CancelAsync();

        Assert.Null((await fetching.WaitAsync(TimeSpan.FromSeconds(60), Stop)).Document);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static int RequestLineFirst(string? one, string? other) =>
        one!.StartsWith("GET", StringComparison.Ordinal) ? -1 : other!.StartsWith("GET", StringComparison.Ordinal) ? 1 : string.CompareOrdinal(one, other);

    private FederatedDomain Endpoint(string host = "127.0.0.1") => _peer.Endpoint("b.test", ServerId, host);

    private Task<BundleFetch> SpiffeAsync(string host = "127.0.0.1") => Client(_root.BundleOf("b.test")).FetchAsync(Endpoint(host), Stop);

    private Task<BundleFetch> WebAsync(string host) =>
        new BundleClient(new FederationOptions { WebRoots = [_root.Certificate] }, _ => null, _time).FetchAsync(_peer.Endpoint("b.test", null, host), Stop);

    private BundleClient Client(TrustBundle? bundle) => new(new FederationOptions(), _ => bundle, _time);
}
