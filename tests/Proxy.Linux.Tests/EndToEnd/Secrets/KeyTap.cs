using System.Net.Sockets;
using System.Security.Cryptography;

namespace Proxy.Linux.Tests.EndToEnd.Secrets;

/// <summary>
/// Stands in the place of the issuer's socket, passes everything on, and takes down the private keys that pass: so a test knows
/// the keys of every SVID that node-proxies have, those of rotations too.
/// </summary>
internal sealed class KeyTap : IAsyncDisposable
{
    // PKCS#8 of a key on P-256: version, id-ecPublicKey, prime256v1 (RFC 5958, RFC 5480).
    private static readonly byte[] Begin = Convert.FromHexString("308187020100301306072A8648CE3D020106082A8648CE3D030107");
    private const int KeyLength = 0x87 + 3;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, byte[]> _keys = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly UnixDomainSocketEndPoint _behind;
    private readonly Task _accepting;

    /// <param name="path">The issuer's socket; the issuer goes on behind another name.</param>
    public KeyTap(string path)
    {
        var behind = $"{path}.behind";
        File.Move(path, behind);
        _behind = new UnixDomainSocketEndPoint(behind);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(64);
        _accepting = AcceptAsync();
    }

    /// <summary>PKCS#8, each once.</summary>
    public IReadOnlyList<byte[]> Keys
    {
        get
        {
            lock (_gate)
                return [.. _keys.Values];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var near = client;
        using var far = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await far.ConnectAsync(_behind, _stop.Token);
            await Task.WhenAny(PassAsync(near, far, isSecret: false), PassAsync(far, near, isSecret: true));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Whoever asked asks again.
        }
    }

    private async Task PassAsync(Socket from, Socket to, bool isSecret)
    {
        var buffer = new byte[65_536];
        var passed = new List<byte>();
        for (var length = 0; (length = await from.ReceiveAsync(buffer, _stop.Token)) > 0;)
        {
            for (var sent = 0; sent < length;)
                sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), _stop.Token);
            if (!isSecret)
                continue;
            passed.AddRange(buffer.AsSpan(0, length));
            TakeDown([.. passed]);
        }
    }

    private void TakeDown(ReadOnlySpan<byte> passed)
    {
        for (var at = passed.IndexOf(Begin); at >= 0 && at + KeyLength <= passed.Length; at = at < 0 ? at : Next(passed, at))
        {
            using var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(passed.Slice(at, KeyLength), out _);
            lock (_gate)
                _keys.TryAdd(Convert.ToHexString(key.ExportSubjectPublicKeyInfo()), passed.Slice(at, KeyLength).ToArray());
        }
    }

    private static int Next(ReadOnlySpan<byte> passed, int at) => passed[(at + 1)..].IndexOf(Begin) is >= 0 and var next ? at + 1 + next : -1;
}
