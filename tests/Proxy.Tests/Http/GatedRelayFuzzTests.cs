using System.Net.Sockets;
using System.Text;
using Proxy.Http;
using Proxy.Policy;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Http;

/// <summary>Whatever the two ends do to each other, a gated connection ends, gives everything back and is no bug.</summary>
public sealed class GatedRelayFuzzTests : IDisposable
{
    private static readonly string[] s_requests =
    [
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /denied HTTP/1.1\r\nHost: a\r\n\r\n", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n",
        "POST /denied HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "BAD\r\n\r\n", "\0\xff\x16\x03", "GET /",
    ];

    private static readonly string[] s_responses =
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nuntil the end", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", "\x16\x03\x01", "HTTP/1.1 2",
    ];

    private readonly ManualTime _time = new();
    private readonly TestWorker _worker;
    private readonly Loopback _loopback = new();

    public GatedRelayFuzzTests() => _worker = new TestWorker(_time);

    public void Dispose()
    {
        _loopback.Dispose();
        _worker.Dispose();
    }

    [Fact]
    public async Task Every_conversation_ends_and_gives_everything_back()
    {
        for (var seed = 0; seed < 400; seed++)
            await ConverseAsync(seed);
    }

    private async Task ConverseAsync(int seed)
    {
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        var gated = new GatedRelay(_worker.Worker, clientLeg, serverLeg, new RequestGate(new Judge(), GateLimits.Default));
        var relay = _worker.RunAsync(gated.RunAsync);
        var random = new Random(seed);
        for (var i = random.Next(8); i >= 0; i--)
        {
            var isClient = random.Next(2) == 0;
            Act(random, isClient ? client : server, isClient ? s_requests : s_responses);
            if (random.Next(3) == 0)
                await _worker.SettleAsync();
        }

        Finish(random, client);
        Finish(random, server);
        await _worker.SettleAsync();
        await _worker.DoAsync(() => _time.Advance(GatedRelay.Linger * 2));
        await relay;
        await _worker.SettleAsync();
        Assert.Equal((0, 0), await _worker.AskAsync(() => (_worker.Worker.Buffers.Rented, _worker.Worker.Timers.Pending)));
        Assert.Empty(_worker.Faults);
        Assert.True(clientLeg.IsClosed && serverLeg.IsClosed, $"seed {seed}");
    }

    private static void Act(Random random, Peer peer, string[] texts)
    {
        var bytes = Encoding.Latin1.GetBytes(texts[random.Next(texts.Length)]);
        if (random.Next(6) == 0)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        try
        {
            peer.Send(bytes.AsSpan(0, random.Next(8) == 0 ? random.Next(bytes.Length) : bytes.Length));
            if (random.Next(10) == 0)
                peer.End();
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The connection has ended already, as it may.
        }
    }

    private static void Finish(Random random, Peer peer)
    {
        if (random.Next(2) == 0)
            peer.Reset();
        else
            peer.Dispose();
    }

    private sealed class Judge : IRequestJudge
    {
        public RequestVerdict Decide(in RequestHead request) => new(!request.Target.SequenceEqual("/denied"u8), null);

        public void Answered(in RequestHead request, ushort status)
        {
        }
    }
}
