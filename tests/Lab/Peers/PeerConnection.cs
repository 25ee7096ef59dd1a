using System.Net.Sockets;
using System.Text;

namespace Lab.Peers;

/// <summary>One TCP connection of a test peer, and how it ended.</summary>
internal sealed class PeerConnection(Socket socket) : IDisposable
{
    private readonly byte[] buffer = new byte[PeerData.BlockSize];

    public long Received { get; private set; }

    public static async Task<PeerConnection> ConnectAsync(string host, int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(System.Net.IPAddress.Parse(host), port);
        return new(socket);
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.ASCII.GetBytes(text));

    /// <summary>What came next; empty at the end of the stream.</summary>
    public async Task<ReadOnlyMemory<byte>> ReceiveAsync(int limit = PeerData.BlockSize)
    {
        var length = await socket.ReceiveAsync(buffer.AsMemory(0, Math.Min(limit, buffer.Length)));
        Received += length;
        return buffer.AsMemory(0, length);
    }

    /// <summary>Text up to and without the next line end; what follows it must not have been sent yet.</summary>
    public async Task<string> ReceiveLineAsync()
    {
        var text = new StringBuilder();
        while (true)
        {
            var part = await ReceiveAsync();
            text.Append(Encoding.ASCII.GetString(part.Span));
            if (part.IsEmpty || text[^1] == '\n')
            {
                return text.ToString().TrimEnd();
            }
        }
    }

    public async Task<string> ReceiveAllTextAsync()
    {
        var text = new StringBuilder();
        while (await ReceiveAsync() is { IsEmpty: false } part)
        {
            text.Append(Encoding.ASCII.GetString(part.Span));
        }

        return text.ToString();
    }

    public async Task SendDataAsync(long length)
    {
        using var data = new PeerData();
        while (data.Length < length)
        {
            await SendAsync(data.Next(length - data.Length));
        }
    }

    public async Task ReceiveDataAsync(PeerData data, long limit = long.MaxValue)
    {
        while (data.Length < limit && await ReceiveAsync((int)Math.Min(limit - data.Length, PeerData.BlockSize)) is { IsEmpty: false } part)
        {
            data.Take(part.Span);
        }
    }

    public void EndSending() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection with a reset.</summary>
    public void Reset()
    {
        socket.LingerState = new(true, 0);
        socket.Dispose();
    }

    public void Dispose() => socket.Dispose();
}
