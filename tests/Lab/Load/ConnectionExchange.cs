using System.Net.Sockets;
using System.Text;

namespace Lab.Load;

/// <summary>What one short connection says, and what it must hear before the server closes.</summary>
internal sealed record ConnectionExchange(byte[] Request, byte[] Beginning, int Length)
{
    /// <summary>Bytes of an opaque exchange, each way.</summary>
    public const int Size = 32;

    public static ConnectionExchange Opaque { get; } = OpaqueOf();

    /// <summary>An answer of any length that begins with status 200.</summary>
    public static ConnectionExchange Http(string path) => new(
        Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n"), "HTTP/1.1 200"u8.ToArray(), 0);

    /// <summary>True when the whole answer came, and then the server's end.</summary>
    public async Task<bool> TryRunAsync(LoadTarget target, byte[] buffer)
    {
        try
        {
            using var socket = await target.ConnectAsync();
            await socket.SendAsync(Request);
            var received = 0;
            for (var length = 1; length > 0; received += length)
            {
                length = await socket.ReceiveAsync(buffer.AsMemory(received));
            }

            return received >= Math.Max(Length, Beginning.Length) && buffer.AsSpan().StartsWith(Beginning);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static ConnectionExchange OpaqueOf()
    {
        var bytes = Enumerable.Range('o', Size).Select(value => (byte)value).ToArray();
        return new(bytes, bytes, Size);
    }
}
