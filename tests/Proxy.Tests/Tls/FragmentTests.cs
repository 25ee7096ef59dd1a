using Proxy.Engine;
using Proxy.Tests.Engine;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

public sealed class LibSslFragmentTests() : FragmentTests(nameof(TlsEngine.LibSsl));

public sealed class SslStreamFragmentTests() : FragmentTests(nameof(TlsEngine.SslStream));

/// <summary>TLS does not depend on where TCP cuts the bytes.</summary>
public abstract class FragmentTests(string engine) : IDisposable
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_handshake_may_come_byte_by_byte(bool isServer)
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        peer.Cut = bytes => SendOneByOne(peer, bytes);
        var leg = isServer
            ? await _pki.SecureAsClientOfAsync(_worker, transport, peer)
            : await _pki.SecureAsServerOfAsync(_worker, transport, peer);
        await Patience.OnThread(() => peer.Send("ping"));
        Assert.Equal("ping", await ReadAsync(leg, 4));
        await _worker.DoAsync(leg.Abort);
    }

    [Fact]
    public async Task Records_may_be_cut_anywhere()
    {
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = await _pki.SecureAsClientOfAsync(_worker, transport, peer);
        var length = await SizeOfThreeRecordsAsync(peer);
        Assert.Equal("onetwothree", await ReadAsync(leg, 11));
        for (var at = 1; at < length; at++)
        {
            var held = new List<byte>();
            peer.Cut = bytes => held.AddRange(bytes.Span);
            SendThreeRecords(peer);
            peer.Cut = null;
            peer.SendRaw(held.ToArray().AsSpan(0, at));
            var reading = ReadAsync(leg, 11);
            await _worker.SettleAsync();
            peer.SendRaw(held.ToArray().AsSpan(at));
            Assert.Equal("onetwothree", await reading);
        }

        await _worker.DoAsync(leg.Abort);
        Assert.Empty(_worker.Faults);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(16_385)]
    [InlineData(40_000)]
    public async Task A_read_stays_within_its_buffer(int size)
    {
        const byte untouched = 0xA5;
        var (transport, peer) = await _loopback.ConnectAsync(_worker);
        var leg = await _pki.SecureAsClientOfAsync(_worker, transport, peer);
        var sent = new byte[50_000];
        new Random(size).NextBytes(sent);
        var sending = Patience.OnThread(() => peer.Send(sent));
        var received = new List<byte>();
        var guarded = new byte[size + 128];
        while (received.Count < (size < 16 ? 100 : sent.Length))
        {
            Array.Fill(guarded, untouched);
            var count = await _worker.RunAsync(() => leg.ReadAsync(guarded.AsMemory(64, size)));
            Assert.InRange(count, 1, size);
            Assert.True(guarded.AsSpan(0, 64).IndexOfAnyExcept(untouched) < 0 && guarded.AsSpan(64 + count).IndexOfAnyExcept(untouched) < 0);
            received.AddRange(guarded.AsSpan(64, count));
        }

        await sending;
        Assert.Equal(sent.Take(received.Count), received);
        await _worker.DoAsync(leg.Abort);
    }

    private async Task<int> SizeOfThreeRecordsAsync(Peer peer)
    {
        var size = 0;
        peer.Cut = bytes =>
        {
            size += bytes.Length;
            peer.SendRaw(bytes.Span);
        };
        SendThreeRecords(peer);
        await _worker.SettleAsync();
        return size;
    }

    private static void SendThreeRecords(Peer peer)
    {
        peer.Send("one");
        peer.Send("two");
        peer.Send("three");
    }

    private void SendOneByOne(Peer peer, ReadOnlyMemory<byte> bytes)
    {
        foreach (var one in bytes.ToArray())
        {
            peer.SendRaw([one]);
            _worker.SettleAsync().GetAwaiter().GetResult();
        }
    }

    private Task<string> ReadAsync(Leg leg, int length) => _worker.RunAsync(async () =>
    {
        var (buffer, filled) = (new byte[length], 0);
        while (filled < length)
        {
            await leg.WaitAsync();
            var count = await leg.ReadAsync(buffer.AsMemory(filled));
            if (count <= 0)
                return $"broken after {filled} bytes";
            filled += count;
        }

        return System.Text.Encoding.ASCII.GetString(buffer);
    });
}
