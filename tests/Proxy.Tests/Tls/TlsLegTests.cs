using System.Text;
using Proxy.Engine;
using Proxy.Tests.Engine;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

public sealed class LibSslLegTests() : TlsLegTests(nameof(TlsEngine.LibSsl));

public sealed class SslStreamLegTests() : TlsLegTests(nameof(TlsEngine.SslStream));

/// <summary>What holds for a leg with TLS whoever speaks it.</summary>
public abstract class TlsLegTests(string engine) : IDisposable
{
    private readonly TestWorker _worker = new();
    private readonly Loopback _loopback = new();
    private readonly TestPki _pki = new(Enum.Parse<TlsEngine>(engine));

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _loopback.Dispose();
        _worker.Dispose();
        _pki.Dispose();
    }

    [Fact]
    public async Task An_end_is_close_notify_in_both_directions()
    {
        var (leg, peer) = await ConnectAsync();
        peer.Send("ping");
        peer.End();
        Assert.Equal("ping", await ReadAsync(leg));
        Assert.Equal("", await ReadAsync(leg));
        Assert.True(await _worker.RunAsync(() => leg.WriteAsync("pong"u8.ToArray())));
        Assert.True(await _worker.RunAsync(leg.EndAsync));
        Assert.Equal("pong", peer.ReceiveToEnd());
        await _worker.DoAsync(leg.Close);
    }

    [Fact]
    public async Task An_end_that_came_with_the_last_bytes_is_seen_by_whoever_waits()
    {
        var (leg, peer) = await ConnectAsync();
        peer.Send("one");
        Assert.Equal("one", await WaitAndReadAsync(leg, 64));
        peer.Send("two");
        peer.End();
        Assert.Equal("two", await WaitAndReadAsync(leg, 64));
        Assert.Equal("", await WaitAndReadAsync(leg, 64));
        await _worker.DoAsync(leg.Abort);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(64)]
    public async Task Bytes_that_a_read_left_behind_are_not_waited_for(int size)
    {
        var (leg, peer) = await ConnectAsync();
        peer.Send("one");
        Assert.StartsWith("o", await WaitAndReadAsync(leg, 1));
        peer.Send("two");
        peer.Send("three");
        var text = "o";
        while (text.Length < "onetwothree".Length)
            text += await WaitAndReadAsync(leg, size);
        Assert.Equal("onetwothree", text);
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public async Task An_end_of_TCP_is_a_truncation()
    {
        var (leg, peer) = await ConnectAsync();
        peer.Send("half");
        peer.EndSocket();
        Assert.Equal("half", await ReadAsync(leg));
        Assert.Equal(Leg.Broken, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public async Task An_end_of_TCP_is_a_truncation_for_whoever_waits_first()
    {
        var (leg, peer) = await ConnectAsync();
        var waiting = _worker.RunAsync(async () =>
        {
            await leg.WaitAsync();
            return await leg.ReadAsync(new byte[64]);
        });
        await _worker.SettleAsync();
        peer.EndSocket();
        Assert.Equal(Leg.Broken, await waiting);
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public async Task An_end_of_TCP_within_a_record_is_a_truncation()
    {
        var (leg, peer) = await ConnectAsync();
        peer.SendRaw([23, 3, 3, 1, 0, 1, 2, 3]);
        peer.EndSocket();
        Assert.Equal(Leg.Broken, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        await _worker.DoAsync(leg.Abort);
    }

    [Theory]
    [InlineData(23)]
    [InlineData(22)]
    [InlineData(21)]
    [InlineData(20)]
    [InlineData(0)]
    [InlineData(71)]
    public async Task Garbage_is_broken(byte type)
    {
        var (leg, peer) = await ConnectAsync();
        var garbage = new byte[5 + 64];
        new Random(type).NextBytes(garbage);
        (garbage[0], garbage[1], garbage[2], garbage[3], garbage[4]) = (type, 3, 3, 0, 64);
        peer.SendRaw(garbage);
        Assert.Equal(Leg.Broken, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        await _worker.DoAsync(leg.Abort);
        Assert.Empty(_worker.Faults);
    }

    [Fact]
    public async Task Abort_completes_what_is_pending_as_broken()
    {
        var (leg, peer) = await ConnectAsync();
        var reading = _worker.RunAsync(() => leg.ReadAsync(new byte[64]));
        var writing = _worker.RunAsync(() => leg.WriteAsync(new byte[64 * 1024 * 1024]));
        await _worker.SettleAsync();
        Assert.False(reading.IsCompleted || writing.IsCompleted);
        await _worker.DoAsync(leg.Abort);

        Assert.Equal(Leg.Broken, await reading);
        Assert.False(await writing);
        Assert.Equal(Leg.Broken, await _worker.RunAsync(() => leg.ReadAsync(new byte[64])));
        Assert.False(await _worker.RunAsync(() => leg.WriteAsync(new byte[1])));
        Assert.False(await _worker.RunAsync(leg.EndAsync));
        await _worker.DoAsync(leg.Abort);
        peer.Dispose();
        Assert.Empty(_worker.Faults);
    }

    [Fact]
    public async Task A_story_that_aborts_the_leg_from_within_its_read_does_no_harm()
    {
        var (leg, peer) = await ConnectAsync();
        var reading = _worker.RunAsync(async () =>
        {
            var count = await leg.ReadAsync(new byte[64]);
            leg.Abort();
            return count;
        });
        var writing = _worker.RunAsync(() => leg.WriteAsync(new byte[64 * 1024 * 1024]));
        await _worker.SettleAsync();
        peer.Send("now");
        Assert.Equal(3, await reading);
        Assert.False(await writing);
        Assert.Empty(_worker.Faults);
    }

    [Fact]
    public async Task A_write_behind_the_end_is_refused()
    {
        var (leg, peer) = await ConnectAsync();
        Assert.True(await _worker.RunAsync(leg.EndAsync));
        Assert.False(await _worker.RunAsync(() => leg.WriteAsync(new byte[1])));
        peer.ExpectEnd();
        await _worker.DoAsync(leg.Abort);
    }

    private async Task<(TlsLeg Leg, Peer Peer)> ConnectAsync()
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        return (await _pki.SecureAsClientOfAsync(_worker, transport, peer), peer);
    }

    private Task<string> WaitAndReadAsync(TlsLeg leg, int size) => _worker.RunAsync(async () =>
    {
        var buffer = new byte[size];
        await leg.WaitAsync();
        return Encoding.ASCII.GetString(buffer, 0, await leg.ReadAsync(buffer));
    });

    private async Task<string> ReadAsync(TlsLeg leg)
    {
        var buffer = new byte[64];
        var count = await _worker.RunAsync(() => leg.ReadAsync(buffer));
        return Encoding.Latin1.GetString(buffer, 0, Math.Max(count, 0)) + (count < 0 ? "broken" : "");
    }
}
