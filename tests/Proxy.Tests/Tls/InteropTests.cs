using System.Security.Cryptography;
using Proxy.Engine;
using Proxy.Tests.Engine;
using Proxy.Tls;

namespace Proxy.Tests.Tls;

/// <summary>Each engine with each other one, and with itself.</summary>
public sealed class InteropTests : IDisposable
{
    private readonly TestWorker _worker = new();
    private readonly TestPki _pki = new();

    public static TheoryData<string, string> Engines => new()
    {
        { nameof(TlsEngine.LibSsl), nameof(TlsEngine.LibSsl) },
        { nameof(TlsEngine.LibSsl), nameof(TlsEngine.SslStream) },
        { nameof(TlsEngine.SslStream), nameof(TlsEngine.LibSsl) },
        { nameof(TlsEngine.SslStream), nameof(TlsEngine.SslStream) },
    };

    public void Dispose()
    {
        _worker.Dispose();
        _pki.Dispose();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task They_agree_on_a_tunnel(string client, string server)
    {
        var pair = await ConnectAsync(client, server);
        Assert.Equal((TlsContexts.TunnelProtocol, TlsContexts.TunnelProtocol), (pair.Client.Protocol, pair.Server.Protocol));
        await _worker.DoAsync(pair.Abort);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_is_sent_arrives_in_both_directions_at_once(string client, string server)
    {
        const int size = 48 * 1024 * 1024;
        var pair = await ConnectAsync(client, server);
        var (up, down) = (Noise(size, 1), Noise(size, 2));
        var sending = _worker.RunAsync(() => SendAsync(pair.Client, up));
        var answering = _worker.RunAsync(() => SendAsync(pair.Server, down));
        var received = _worker.RunAsync(() => ReceiveAsync(pair.Server, 32 * 1024));
        var answered = _worker.RunAsync(() => ReceiveAsync(pair.Client, 5_000));

        Assert.True(await sending && await answering);
        Assert.Equal(Hash(up), await received);
        Assert.Equal(Hash(down), await answered);
        await _worker.DoAsync(pair.Abort);
        Assert.Empty(_worker.Faults);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task One_direction_goes_on_when_the_other_has_ended(string client, string server)
    {
        var pair = await ConnectAsync(client, server);
        Assert.True(await _worker.RunAsync(pair.Client.EndAsync));
        Assert.Equal(0, await _worker.RunAsync(() => pair.Server.ReadAsync(new byte[8])));
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await _worker.RunAsync(() => pair.Server.WriteAsync("more"u8.ToArray())));
            Assert.Equal(4, await _worker.RunAsync(() => pair.Client.ReadAsync(new byte[8])));
        }

        Assert.True(await _worker.RunAsync(pair.Server.EndAsync));
        Assert.Equal(0, await _worker.RunAsync(() => pair.Client.ReadAsync(new byte[8])));
        Assert.Equal(0, await _worker.RunAsync(() => pair.Server.ReadAsync(new byte[8])));
        await _worker.DoAsync(pair.Abort);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Who_does_not_read_holds_up_who_writes(string client, string server)
    {
        var pair = await ConnectAsync(client, server);
        var bytes = Noise(32 * 1024 * 1024, 3);
        var sending = _worker.RunAsync(() => SendAsync(pair.Client, bytes));
        await _worker.SettleAsync();
        Assert.False(sending.IsCompleted);
        // The other direction is not held up.
        Assert.True(await _worker.RunAsync(() => pair.Server.WriteAsync("ping"u8.ToArray())));
        Assert.Equal(4, await _worker.RunAsync(() => pair.Client.ReadAsync(new byte[8])));
        Assert.Equal(Hash(bytes), await _worker.RunAsync(() => ReceiveAsync(pair.Server, 1_000_000)));
        Assert.True(await sending);
        await _worker.DoAsync(pair.Abort);
    }

    private Task<LegPair> ConnectAsync(string client, string server) =>
        LegPair.CreateAsync(_worker, _pki, Enum.Parse<TlsEngine>(client), Enum.Parse<TlsEngine>(server));

    // In slices of odd sizes, larger and smaller than a record.
    private static async ValueTask<bool> SendAsync(Leg leg, byte[] bytes)
    {
        int[] sizes = [1, 16_384, 16_385, 32_768, 100_003, 7, 1_000_000];
        for (int at = 0, i = 0; at < bytes.Length; i++)
        {
            var count = Math.Min(sizes[i % sizes.Length], bytes.Length - at);
            if (!await leg.WriteAsync(bytes.AsMemory(at, count)))
                return false;
            at += count;
        }

        return await leg.EndAsync();
    }

    private static async ValueTask<string> ReceiveAsync(Leg leg, int size)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[size];
        while (true)
        {
            await leg.WaitAsync();
            var count = await leg.ReadAsync(buffer);
            if (count <= 0)
                return count == 0 ? Convert.ToHexString(hash.GetHashAndReset()) : "broken";
            hash.AppendData(buffer, 0, count);
        }
    }

    private static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    private static byte[] Noise(int size, int seed)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
