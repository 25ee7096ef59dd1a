using System.Text;
using Proxy.Http;
using Proxy.Tests.Http;

namespace Fuzz.Targets;

/// <summary>The gate: requests, answers and chunked bodies.</summary>
internal static class HttpTargets
{
    // Small, so that short inputs reach them.
    internal static GateLimits Limits { get; } = new()
    {
        MaxHeadBytes = 512,
        MaxHeaders = 8,
        MaxTargetBytes = 96,
        MaxChunkLineBytes = 16,
        MaxTrailerBytes = 64,
        MaxResponseHeadBytes = 512,
        MaxDiscardedBytes = 256,
    };

    internal static readonly byte[][] Words = FuzzTargets.Bytes(
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", ";", "%2e", "%2F", "/../", "?", "#", "*", "\r\n\r\n", "\r\n ",
        "Content-Length: 3\r\n", "content-length:0\r\n", "Transfer-Encoding: chunked\r\n", "transfer_encoding: chunked\r\n",
        "Connection: close\r\n", "Connection: host, keep-alive\r\n", "Upgrade: websocket\r\n", "Connection: upgrade\r\n",
        "Expect: 100-continue\r\n", "Host: b\r\n", "GET /no HTTP/1.1\r\nHost: a\r\n\r\n", "http://a/ok", "http://", "CONNECT", "TRACE", "OPTIONS",
        "HEAD ", "POST ", "HTTP/1.0", "HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "0\r\n\r\n", "7fffffff", "80000000", "5;x=y\r\n", "\u0080",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "204", "304");

    public static FuzzTarget Requests { get; } = new("http-requests", CheckRequests)
    {
        Words = Words,
        Seeds = FuzzTargets.Bytes(
            "GET /ok HTTP/1.1\r\nHost: a\r\n\r\nGET /denied HTTP/1.1\r\nHost: a\r\n\r\nGET /ok/2 HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /ok HTTP/1.0\r\n\r\n",
            "POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nt: v\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /denied HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /ok HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a/ok/ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\u0081\u0002hi",
            "POST /ok HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabcGET /ok?x=%2e HTTP/1.0\r\nConnection: close\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\nHEAD /ok/%41 HTTP/1.1\r\nHost: a\r\n\r\n"),
    };

    public static FuzzTarget Answers { get; } = new("http-answers", CheckAnswers)
    {
        Words = Words,
        Seeds = FuzzTargets.Bytes(
            "0HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "0HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nt: v\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            "1HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            "2HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nabc",
            "3HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n",
            "4HTTP/1.0 200 OK\r\n\r\nuntil the end",
            "0HTTP/1.1 204 \r\nConnection: close\r\n\r\nHTTP/1.1 304\r\n\r\n"),
    };

    public static FuzzTarget Chunks { get; } = new("http-chunks", CheckChunks)
    {
        Words = Words,
        MaxLength = 1024,
        Seeds = FuzzTargets.Bytes(
            "05\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\nrest",
            "15;name=\"value\"\r\nhello\r\n0 ;x\r\ntrailer: value\r\nother:\r\n\r\n",
            "0000000001\r\nx\r\n0\r\nt: v\r\n\r\n"),
    };

    private static void CheckRequests(byte[] input)
    {
        var whole = Surroundings.Same(input, stream => new HttpClientSide().Run(stream, Cuts.Nowhere(input.Length)).Summary());
        Oracle.Same(whole, new HttpClientSide().Run(input, Cuts.Somewhere(input)).Summary(), "the cuts matter");
        Oracle.Same(whole, new HttpClientSide().Run(input, Cuts.Everywhere(input.Length)).Summary(), "single bytes matter");
        CheckServersView(new HttpClientSide().Run(input, Cuts.Nowhere(input.Length)));
        CheckServersView(new HttpClientSide { AnswersEarly = true }.Run(input, Cuts.Somewhere(input)));
    }

    // Another reader of what the server got finds the requests that were allowed, and no other.
    internal static void CheckServersView(HttpClientSide client)
    {
        var read = SlowHttp.Read(client.JudgedBytes).Select(request => $"{request.Method} {WithoutAuthority(request.Target)}");
        Oracle.Same(string.Join('\n', client.Allowed), string.Join('\n', read), "the server reads other requests than were judged");
    }

    private static string WithoutAuthority(string target) => target[0] == '/' ? target : "/" + target.Split('/', 4)[3];

    private static void CheckAnswers(byte[] input)
    {
        if (input.Length == 0)
            return;
        var stream = input[1..];
        var whole = Surroundings.Same(stream, answer => new HttpServerSide(input[0]).Run(answer, Cuts.Nowhere(stream.Length)));
        Oracle.Same(whole, new HttpServerSide(input[0]).Run(stream, Cuts.Somewhere(stream)), "the cuts matter");
        Oracle.Same(whole, new HttpServerSide(input[0]).Run(stream, Cuts.Everywhere(stream.Length)), "single bytes matter");
    }

    private static void CheckChunks(byte[] input)
    {
        if (input.Length == 0)
            return;
        var allowsExtensions = input[0] % 2 == 1;
        var stream = input[1..];
        var whole = Surroundings.Same(stream, body => Advance(body, allowsExtensions, Cuts.Nowhere(stream.Length)).ToString());
        var (length, fault, isComplete) = Advance(stream, allowsExtensions, Cuts.Everywhere(stream.Length));
        Oracle.Same(whole, (length, fault, isComplete).ToString(), "single bytes matter");
        var slow = SlowChunks.FindEnd(Encoding.Latin1.GetString(stream), allowsExtensions);
        if (fault is not (GateFault.ChunkLineTooLong or GateFault.TrailerTooLarge))
            Oracle.Holds(isComplete ? slow == length : slow is null, $"another reader finds another end: {slow}, this one {(isComplete ? length : null)}");
    }

    private static (int Length, GateFault Fault, bool IsComplete) Advance(ReadOnlyMemory<byte> stream, bool allowsExtensions, IEnumerable<int> ends)
    {
        var body = new ChunkedBody(allowsExtensions, allowsTrailers: true, Limits);
        var taken = 0;
        foreach (var end in ends)
        {
            taken += body.Advance(stream.Span[taken..end], out var fault);
            if (fault != GateFault.None || body.IsComplete)
                return (taken, fault, body.IsComplete);
            Oracle.Holds(taken == end, "a body that goes on takes all");
        }

        return (taken, GateFault.None, false);
    }
}
