using System.Diagnostics;
using System.Text;
using Proxy.Http;
using Proxy.Policy;

namespace Proxy.Tests.Http;

/// <summary>Mutated streams: the gate never throws, and the server never gets a request that was not allowed.</summary>
public sealed class GateFuzzTests(ITestOutputHelper output)
{
    private const int Iterations = 200_000;

    private static readonly byte[][] Requests =
    [
        .. new[]
        {
            "GET /ok HTTP/1.1\r\nHost: a\r\n\r\nGET /denied HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n\r\n",
            "POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n0\r\nt: v\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /denied HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /ok HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a/ok HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /ok HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabcGET /no HTTP/1.0\r\n\r\n",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    private static readonly byte[][] Responses =
    [
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"u8.ToArray(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nt: v\r\n\r\n"u8.ToArray(),
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nabc"u8.ToArray(),
        "HTTP/1.0 200 OK\r\n\r\nuntil the end"u8.ToArray(),
    ];

    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", ";", "0", "1", "f", "%2e", "/", "?", "#", "\u0080", "\r\n\r\n", "\r\n ",
            "Content-Length: 3\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: x\r\n",
            "Connection: close\r\n", "GET /no HTTP/1.1\r\nHost: a\r\n\r\n", "0\r\n\r\n", "Host: b\r\n", "HTTP/1.0", "FFFFFFFF",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    [Fact]
    public void Mutations_never_carry_an_unjudged_request_to_the_server()
    {
        var seed = Environment.GetEnvironmentVariable("GATE_SEED") is { Length: > 0 } given
            ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"GATE_SEED={seed}");
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var forwarded = 0;
        for (var i = 0; i < Iterations; i++)
            forwarded += Try(Mutate(random, Requests), random);
        output.WriteLine($"{Iterations} streams, {forwarded} requests forwarded, {clock.Elapsed}");
        Assert.True(forwarded > Iterations / 10, "the mutations leave something to forward");
    }

    [Fact]
    public void Mutated_answers_never_break_the_gate()
    {
        var seed = Environment.GetEnvironmentVariable("GATE_SEED") is { Length: > 0 } given
            ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"GATE_SEED={seed}");
        var random = new Random(seed);
        for (var i = 0; i < Iterations / 4; i++)
            new Peer().Receive(Mutate(random, Responses), random);
    }

    private static int Try(byte[] stream, Random random)
    {
        var peer = new Peer { AnswersEarly = random.Next(2) == 0 };
        var split = random.Next(stream.Length + 1);
        peer.Send(stream.AsSpan(0, split), isEnd: false);
        peer.Send(stream.AsSpan(0, stream.Length), isEnd: true);

        var toServer = Encoding.Latin1.GetString(peer.ToServer.ToArray());
        try
        {
            var read = SlowHttp.Read(toServer).Select(r => $"{r.Method} {WithoutAuthority(r.Target)}");
            Assert.Equal(peer.Allowed, read);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"client sent {Literal(stream)} in {split} + {stream.Length - split}, server got {Literal(peer.ToServer.ToArray())}", e);
        }

        return peer.Allowed.Count;
    }

    private static byte[] Mutate(Random random, byte[][] seeds)
    {
        var bytes = new List<byte>(seeds[random.Next(seeds.Length)]);
        for (var count = random.Next(4); count > 0; count--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 6), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 20), bytes.Count - at)));
                    break;
            }

            if (bytes.Count == 0)
                bytes.Add((byte)'G');
        }

        return [.. bytes];
    }

    private static string Literal(byte[] bytes) =>
        Encoding.Latin1.GetString(bytes).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string WithoutAuthority(string target) => target[0] == '/' ? target : "/" + target.Split('/', 4)[3];

    // Answers when the gate waits for it, or as soon as anything of a request has come.
    private sealed class Peer : IRequestJudge
    {
        private readonly RequestGate _gate;
        private int _taken;
        private int _answered;
        private bool _isOver;

        public Peer() => _gate = new RequestGate(this, GateLimits.Default);

        public List<byte> ToServer { get; } = new(256);

        public bool AnswersEarly { get; init; }

        public List<string> Allowed { get; } = [];

        public RequestVerdict Decide(in RequestHead request)
        {
            if (!request.Target.StartsWith("/ok"u8))
                return default;
            Allowed.Add($"{Encoding.Latin1.GetString(request.Method)} {Encoding.Latin1.GetString(request.Target)}");
            return new RequestVerdict(true, null);
        }

        public void Answered(in RequestHead request, ushort status)
        {
        }

        public void Send(ReadOnlySpan<byte> stream, bool isEnd)
        {
            while (!_isOver)
            {
                var step = _gate.Inspect(stream[_taken..], isEnd);
                if (step.Action == GateAction.NeedMore || (step.Action == GateAction.Wait && !Answer()))
                    return;
                if (step.Action == GateAction.Forward)
                    ToServer.AddRange(stream.Slice(_taken, step.Count));
                if (step.Action == GateAction.Forward && AnswersEarly && _answered < Allowed.Count)
                    Answer();
                _taken += step.Count;
                _isOver = step.Closes || step.Action is GateAction.End or GateAction.Cut;
            }
        }

        public void Receive(ReadOnlySpan<byte> response, Random random)
        {
            _gate.Inspect("GET /ok HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"u8);
            var passed = 0;
            for (var seen = 0; seen <= response.Length && !_isOver; seen += random.Next(1, 9))
                passed += Pass(response[passed..seen], isEnd: false);
            if (!_isOver)
                Pass(response[passed..], isEnd: true);
            Assert.True(_isOver, "the end of the server ends every answer");
        }

        private int Pass(ReadOnlySpan<byte> bytes, bool isEnd)
        {
            var passed = 0;
            while (!_isOver)
            {
                var step = _gate.InspectResponse(bytes[passed..], isEnd);
                if (step.Action == ResponseAction.NeedMore)
                    break;
                Assert.True(step.Action != ResponseAction.Pass || step.Count > 0, "a pass makes progress");
                passed += step.Count;
                _gate.ResponsePassed();
                _isOver = step.IsLast || step.Action is ResponseAction.End or ResponseAction.Cut;
            }

            return passed;
        }

        private bool Answer()
        {
            if (_answered == Allowed.Count)
                throw new InvalidOperationException("waits for an answer that nobody owes");
            _answered++;
            var step = _gate.InspectResponse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8);
            Assert.Equal(ResponseAction.Pass, step.Action);
            return _gate.ResponsePassed();
        }
    }
}
