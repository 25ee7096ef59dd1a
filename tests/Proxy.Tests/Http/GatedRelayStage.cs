using System.Text;
using Proxy.Http;
using Proxy.Policy;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Http;

/// <summary>Applications on both ends of a gated relay, and a judge that refuses one target.</summary>
public abstract class GatedRelayStage : IDisposable
{
    private protected const string Denied = "HTTP/1.1 403 Forbidden\r\ncontent-length: 15\r\ncontent-type: text/plain\r\n\r\nAccess denied\r\n";
    private protected const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private protected readonly ManualTime _time = new();
    private protected readonly TestWorker _worker;
    private protected readonly Loopback _loopback = new();
    private protected readonly Judge _judge = new();

    private protected GatedRelayStage() => _worker = new TestWorker(_time);

    public void Dispose()
    {
        _loopback.Dispose();
        _worker.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static void Exchange(Rig rig, string target)
    {
        rig.Client.Send(Get(target));
        rig.Server.Expect(Get(target));
        rig.Server.Send(Ok);
        rig.Client.Expect(Ok);
    }

    private protected async Task EndAsync(Rig rig)
    {
        rig.Client.End();
        rig.Server.ExpectEnd();
        rig.Server.End();
        rig.Client.ExpectEnd();
        Assert.True(await rig.Relay);
        await AssertNothingHeldAsync();
    }

    private protected async Task<Rig> ConnectAsync()
    {
        var (clientLeg, client) = await _loopback.ConnectAsync(_worker);
        var (serverLeg, server) = await _loopback.ConnectAsync(_worker);
        var gated = new GatedRelay(_worker.Worker, clientLeg, serverLeg, new RequestGate(_judge, GateLimits.Default));
        return new Rig(client, server, gated, _worker.RunAsync(gated.RunAsync));
    }

    private protected Task LingerAsync() => _worker.DoAsync(() => _time.Advance(GatedRelay.Linger + TimeSpan.FromSeconds(1)));

    private protected async Task SettleUntilAsync(Func<bool> reached)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await _worker.AskAsync(reached))
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience.Limit, "what was waited for never came");
        await _worker.SettleAsync();
    }

    private protected async Task AssertNothingHeldAsync()
    {
        await _worker.SettleAsync();
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Buffers.Rented));
        Assert.Equal(0, await _worker.AskAsync(() => _worker.Worker.Timers.Pending));
        Assert.Empty(_worker.Faults);
    }

    private protected static string Get(string target) => $"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n";

    private protected static string Chunked(string body)
    {
        var text = new StringBuilder();
        for (var start = 0; start < body.Length; start += 70_000)
        {
            var part = body.AsSpan(start, Math.Min(70_000, body.Length - start));
            text.Append($"{part.Length:x}\r\n").Append(part).Append("\r\n");
        }

        return text.Append("0\r\n\r\n").ToString();
    }

    private protected sealed record Rig(Peer Client, Peer Server, GatedRelay Gated, Task<bool> Relay);

    private protected sealed class Judge : IRequestJudge
    {
        private volatile string _denied = "/denied";
        private int _count;

        public string Denied
        {
            get => _denied;
            set => _denied = value;
        }

        public int Count => Volatile.Read(ref _count);

        public RequestVerdict Decide(in RequestHead request)
        {
            Interlocked.Increment(ref _count);
            return new RequestVerdict(Encoding.Latin1.GetString(request.Target) != Denied, null);
        }

        public void Answered(in RequestHead request, ushort status)
        {
        }
    }
}
