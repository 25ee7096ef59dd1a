using System.Net;
using System.Net.Sockets;

namespace Lab.Load;

/// <summary>
/// Answers connections by their first byte: `o` echoes once and closes, `s` echoes and stands, `u` takes blocks up to
/// one that begins with `e` and says how much that was, `d` sends until the client is gone.
/// </summary>
internal static class LoadServer
{
    public const int BlockSize = 256 * 1024;

    public static async Task<int> RunAsync(int port)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, port));
        listener.Listen(8192);
        Console.WriteLine($"listening on {port}");
        while (true)
        {
            _ = ServeAsync(await listener.AcceptAsync());
        }
    }

    private static async Task ServeAsync(Socket accepted)
    {
        using var socket = accepted;
        socket.NoDelay = true;
        try
        {
            var first = new byte[ConnectionExchange.Size];
            var length = await socket.ReceiveAsync(first);
            if (length > 0)
            {
                await AnswerAsync(socket, first, length);
            }
        }
        catch (SocketException)
        {
            // The client counts what it got; how it went away does not matter here.
        }
    }

    private static Task AnswerAsync(Socket socket, byte[] first, int length) => first[0] switch
    {
        (byte)'o' => SendAllAsync(socket, first.AsMemory(0, length)),
        (byte)'s' => EchoAsync(socket, first, length),
        (byte)'u' => TakeAsync(socket, first.AsMemory(0, length)),
        (byte)'d' => FloodAsync(socket),
        _ => Task.CompletedTask,
    };

    private static async Task EchoAsync(Socket socket, byte[] buffer, int length)
    {
        for (; length > 0; length = await socket.ReceiveAsync(buffer))
        {
            await SendAllAsync(socket, buffer.AsMemory(0, length));
        }
    }

    // An end in the stream, because not every proxy passes a half-close on.
    private static async Task TakeAsync(Socket socket, ReadOnlyMemory<byte> first)
    {
        var block = new byte[BlockSize];
        first.CopyTo(block);
        var (received, filled) = ((long)first.Length, first.Length);
        while (filled < BlockSize || block[0] != 'e')
        {
            filled %= BlockSize;
            var length = await socket.ReceiveAsync(block.AsMemory(filled));
            if (length == 0)
            {
                return;
            }

            (filled, received) = (filled + length, received + length);
        }

        await SendAllAsync(socket, BitConverter.GetBytes(received));
    }

    private static async Task FloodAsync(Socket socket)
    {
        for (var block = new byte[BlockSize]; ;)
        {
            await SendAllAsync(socket, block);
        }
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }
}
