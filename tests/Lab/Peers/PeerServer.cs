using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Lab.Peers;

/// <summary>Servers for tests: each accepts for ever, and prints a line per connection that ended.</summary>
internal static class PeerServer
{
    public static async Task<int> RunAsync(string mode, int port, long bytes)
    {
        Func<PeerConnection, Task> serve = mode switch
        {
            "echo" => EchoAsync,
            "answer" => AnswerAfterUploadAsync,
            "speak-first" => SpeakFirstAsync,
            "source" => connection => SendAsync(connection, bytes),
            "reset" => connection => ResetAfterAsync(connection, bytes),
            "watch" => WatchAsync,
            _ => throw new LabException($"unknown server {mode}"),
        };
        using var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(8192);
        Console.WriteLine($"listening on {port}");
        while (true)
        {
            _ = ServeAsync(await listener.AcceptAsync(), serve);
        }
    }

    private static async Task ServeAsync(Socket socket, Func<PeerConnection, Task> serve)
    {
        socket.NoDelay = true;
        var client = (IPEndPoint)socket.RemoteEndPoint!;
        using var connection = new PeerConnection(socket);
        var end = "eof";
        try
        {
            await serve(connection);
        }
        catch (SocketException fault)
        {
            end = fault.SocketErrorCode.ToString();
        }

        var address = client.Address.IsIPv4MappedToIPv6 ? client.Address.MapToIPv4() : client.Address;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"connection from {address} ended: {end} received {connection.Received}"));
    }

    private static async Task EchoAsync(PeerConnection connection)
    {
        while (await connection.ReceiveAsync() is { IsEmpty: false } part)
        {
            await connection.SendAsync(part);
        }

        connection.EndSending();
    }

    private static async Task AnswerAfterUploadAsync(PeerConnection connection)
    {
        using var data = new PeerData();
        await connection.ReceiveDataAsync(data);
        await connection.SendAsync($"received {data}\n");
        connection.EndSending();
    }

    private static async Task SpeakFirstAsync(PeerConnection connection)
    {
        await connection.SendAsync("220 ready\r\n");
        await EchoAsync(connection);
    }

    private static async Task SendAsync(PeerConnection connection, long bytes)
    {
        await connection.SendDataAsync(bytes);
        connection.EndSending();
        Console.WriteLine($"sent {bytes}");
        await connection.ReceiveAllTextAsync();
    }

    private static async Task ResetAfterAsync(PeerConnection connection, long bytes)
    {
        using var data = new PeerData();
        await connection.ReceiveDataAsync(data, bytes);
        connection.Reset();
    }

    private static async Task WatchAsync(PeerConnection connection)
    {
        while (!(await connection.ReceiveAsync()).IsEmpty)
        {
        }
    }
}
