using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Lab.Traffic;

/// <summary>The server of all kinds of conversations. It prints what must never happen, each beginning with "VIOLATION".</summary>
internal static class TrafficServer
{
    public const string Violation = "VIOLATION";

    /// <summary>A client of the echo says so before it ends; any other orderly end was not its own.</summary>
    public const long LastLine = long.MaxValue;

    public const string Listening = "listening on all ports";

    public static async Task<int> RunAsync()
    {
        var http = new CountedRequests(Report);
        Task[] ports =
        [
            AcceptAsync(TrafficPorts.Http, http.ServeAsync),
            AcceptAsync(TrafficPorts.Echo, EchoAsync),
            AcceptAsync(TrafficPorts.Upload, TakeUploadAsync),
            AcceptAsync(TrafficPorts.ServerFirst, SpeakFirstAsync),
            AcceptAsync(TrafficPorts.Download, SendDownloadAsync),
        ];
        Console.WriteLine(Listening);
        await Task.WhenAll(ports);
        return 0;
    }

    public static ulong NewId() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private static void Report(string what) => Console.WriteLine($"{Violation} {what}");

    private static async Task AcceptAsync(int port, Func<TrafficConnection, Task> serve)
    {
        using var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(4096);
        while (true)
        {
            _ = ServeAsync(await listener.AcceptAsync(), port, serve);
        }
    }

    private static async Task ServeAsync(Socket socket, int port, Func<TrafficConnection, Task> serve)
    {
        try
        {
            using var connection = new TrafficConnection(socket);
            await serve(connection);
        }
        catch (SocketException)
        {
            // A reset is what a fault looks like.
        }
        catch (TrafficFault fault)
        {
            Report($"port {port}: {fault.Message}");
        }
    }

    private static async Task EchoAsync(TrafficConnection connection)
    {
        var isLast = false;
        while (await connection.ReceiveLineAsync(default) is { } line)
        {
            await connection.SendLineAsync(line.Id, line.Number, default);
            isLast = line.Number == LastLine;
        }

        if (!isLast)
        {
            throw new TrafficFault("an orderly end before the last line");
        }

        connection.EndSending();
        connection.Complete();
    }

    /// <summary>Answers only after the client has ended its side.</summary>
    private static async Task TakeUploadAsync(TrafficConnection connection)
    {
        if (await connection.ReceiveLineAsync(default) is not { } head)
        {
            throw new TrafficFault("an orderly end in place of an upload");
        }

        await connection.RequireAsync(new MarkedStream(head.Id), head.Number, default);
        await connection.SendLineAsync(head.Id, head.Number, default);
        connection.EndSending();
        connection.Complete();
    }

    private static async Task SpeakFirstAsync(TrafficConnection connection)
    {
        var id = NewId();
        await connection.SendLineAsync(id, 0, default);
        await connection.RequireLineAsync(id, 1, default);
        await connection.SendLineAsync(id, 2, default);
        connection.EndSending();
        await connection.RequireEndAsync(default);
        connection.Complete();
    }

    private static async Task SendDownloadAsync(TrafficConnection connection)
    {
        if (await connection.ReceiveLineAsync(default) is not { } head)
        {
            throw new TrafficFault("an orderly end in place of a wish");
        }

        await connection.SendAsync(new MarkedStream(head.Id), head.Number, default);
        connection.EndSending();
        await connection.RequireEndAsync(default);
        connection.Complete();
    }
}
