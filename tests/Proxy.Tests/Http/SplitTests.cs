using System.Globalization;
using System.Text;

namespace Proxy.Tests.Http;

/// <summary>How the network cuts a stream must change nothing.</summary>
public sealed class SplitTests(ITestOutputHelper output)
{
    public static TheoryData<string> Streams =>
    [
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /denied HTTP/1.1\r\nHost: a\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\nt: v\r\n\r\nPOST /denied HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHEAD /z HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabcGET /last HTTP/1.0\r\n\r\nGET /never HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nBad : x\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
        "POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcdGET http://a/x HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\nHost: a\r\n\r\n",
    ];

    [Theory]
    [MemberData(nameof(Streams))]
    public void Every_split_point_gives_the_same(string stream)
    {
        var whole = Run([stream]);
        Assert.Contains("allowed", whole);
        for (var first = 1; first < stream.Length; first++)
            for (var second = first + 1; second <= stream.Length; second++)
                Assert.Equal(whole, Run([stream[..first], stream[first..second], stream[second..]]));
        Assert.Equal(whole, Run(stream.Select(c => c.ToString())));
    }

    [Theory]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhello until the end")]
    public void Every_split_of_an_answer_gives_the_same(string answer)
    {
        var whole = Answer([answer]);
        for (var split = 1; split < answer.Length; split++)
            Assert.Equal(whole, Answer([answer[..split], answer[split..]]));
        Assert.Equal(whole, Answer(answer.Select(c => c.ToString())));
    }

    [Fact]
    public void Random_streams_are_read_as_they_were_written()
    {
        var seed = Environment.GetEnvironmentVariable("GATE_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        output.WriteLine($"GATE_SEED={seed}");
        var random = new Random(seed);
        for (var round = 0; round < 1000; round++)
        {
            var (stream, requests) = Generate(random);
            var conversation = new Conversation { Server = Answerer() };
            foreach (var part in Cut(stream, random))
                conversation.Client(part);

            Assert.Equal(requests.Select(r => $"{r.Method} {r.Target} host 1.1 {(IsDenied(r) ? "denied" : "allowed")}"), conversation.Judged);
            Assert.Equal(requests.Where(r => !IsDenied(r)), SlowHttp.Read(conversation.ToServer.ToString()));
            Assert.Equal(Proxy.Http.GateFault.None, conversation.Fault);
        }
    }

    private static bool IsDenied(SlowHttp.Request request) => request.Target.StartsWith("/denied", StringComparison.Ordinal);

    private static (string Stream, List<SlowHttp.Request> Requests) Generate(Random random)
    {
        var stream = new StringBuilder();
        var requests = new List<SlowHttp.Request>();
        for (var count = random.Next(1, 6); count > 0; count--)
        {
            var body = new string([.. Enumerable.Range(0, random.Next(60)).Select(_ => (char)random.Next(256))]);
            var request = new SlowHttp.Request(random.GetItems(["PUT", "POST", "patch"], 1)[0], (random.Next(3) == 0 ? "/denied" : "/ok") + random.Next(100), body, true);
            requests.Add(request);
            stream.Append(CultureInfo.InvariantCulture, $"{request.Method} {request.Target} HTTP/1.1\r\nHost: host\r\n{Framed(body, random)}");
        }

        return (stream.ToString(), requests);
    }

    private static string Framed(string body, Random random)
    {
        if (random.Next(2) == 0)
            return $"Content-Length: {body.Length}\r\n\r\n{body}";
        var chunks = Cut(body, random).Select(part => $"{part.Length:x}\r\n{part}\r\n");
        return $"Transfer-Encoding: chunked\r\n\r\n{string.Concat(chunks)}0\r\n{(random.Next(2) == 0 ? "t: v\r\n" : "")}\r\n";
    }

    private static List<string> Cut(string text, Random random)
    {
        var parts = new List<string>();
        for (var at = 0; at < text.Length; at += parts[^1].Length)
            parts.Add(text.Substring(at, Math.Min(random.Next(1, 40), text.Length - at)));
        return parts;
    }

    private static string Run(IEnumerable<string> parts)
    {
        var conversation = new Conversation { Server = Answerer() };
        foreach (var part in parts.Where(part => part.Length > 0))
            conversation.Client(part);
        return conversation.EndClient().Summary();
    }

    private static string Answer(IEnumerable<string> parts)
    {
        var conversation = new Conversation().Client("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        foreach (var part in parts)
            conversation.Serve(part);
        return conversation.EndServer().Summary();
    }

    // A server that answers each request when it has it whole.
    private static Func<Conversation, string?> Answerer()
    {
        var answered = 0;
        return conversation =>
        {
            var complete = SlowHttp.Read(conversation.ToServer.ToString()).Where(r => r.IsComplete).ToList();
            if (complete.Count == answered)
                return null;
            var request = complete[answered++];
            return $"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{(request.Method == "HEAD" ? "" : "ok")}";
        };
    }

}
