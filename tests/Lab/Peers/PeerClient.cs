using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Lab.Peers;

/// <summary>Clients for tests: each prints what came, and ends with 0 if that was right.</summary>
internal static class PeerClient
{
    public static async Task<int> RunAsync(string mode, string host, int port, string[] rest)
    {
        try
        {
            return mode switch
            {
                "upload" => await UploadAsync(host, port, PeerCommand.Number(rest[0])),
                "download" => await DownloadAsync(host, port, PeerCommand.Number(rest[0]), rest.ElementAtOrDefault(1)),
                "greet" => await GreetAsync(host, port),
                "idle" => await IdleAsync(host, port),
                "flood" => await FloodAsync(host, port),
                "reset" => await ResetAsync(host, port, PeerCommand.Number(rest[0])),
                "swarm" => await PeerSwarm.RunAsync(host, port, (int)PeerCommand.Number(rest[0]), rest.ElementAtOrDefault(1)),
                "stall" => await PeerSwarm.StallAsync(host, port, (int)PeerCommand.Number(rest[0]), rest[1]),
                "load" => await LoadAsync(host, port, PeerCommand.Number(rest[0])),
                "connects" => await ConnectsAsync(host, port, PeerCommand.Number(rest[0])),
                "datagrams" => await SendDatagramsAsync(host, port, (int)PeerCommand.Number(rest[0])),
                "requests" => await KeepAliveAsync(host, port, rest[0], rest[1]),
                _ => throw new LabException($"unknown client {mode}"),
            };
        }
        catch (SocketException fault)
        {
            Console.WriteLine($"closed: {fault.SocketErrorCode}");
            return 1;
        }
    }

    /// <summary>One datagram to each of so many ports, no faster than the first packets of flows can be asked about.</summary>
    private static async Task<int> SendDatagramsAsync(string host, int first, int count)
    {
        const int AtOnce = 32;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        for (var sent = 0; sent < count; sent++)
        {
            if (sent % AtOnce == 0)
                await Task.Delay(1);
            socket.SendTo([1], new IPEndPoint(IPAddress.Parse(host), first + sent));
        }

        return 0;
    }

    /// <summary>Uploads, ends sending, and only then gets the answer: needs half-close all the way.</summary>
    private static async Task<int> UploadAsync(string host, int port, long bytes)
    {
        using var connection = await PeerConnection.ConnectAsync(host, port);
        await connection.SendDataAsync(bytes);
        connection.EndSending();
        var answer = (await connection.ReceiveAllTextAsync()).Trim();
        Console.WriteLine(answer);
        return answer == $"received {PeerData.Describe(bytes)}" ? 0 : 1;
    }

    /// <summary>Downloads; with a file name, stops reading after a MiB until that file exists.</summary>
    private static async Task<int> DownloadAsync(string host, int port, long bytes, string? goOn)
    {
        using var connection = await PeerConnection.ConnectAsync(host, port);
        using var data = new PeerData();
        if (goOn is not null)
        {
            await connection.ReceiveDataAsync(data, 1 << 20);
            Console.WriteLine("stopped reading");
            await Wait.UntilAsync(() => File.Exists(goOn), TimeSpan.FromMinutes(10));
        }

        await connection.ReceiveDataAsync(data);
        Console.WriteLine($"received {data}");
        return data.ToString() == PeerData.Describe(bytes) ? 0 : 1;
    }

    /// <summary>Waits for the server's first word before saying anything.</summary>
    private static async Task<int> GreetAsync(string host, int port)
    {
        using var connection = await PeerConnection.ConnectAsync(host, port);
        Console.WriteLine(await connection.ReceiveLineAsync());
        await connection.SendAsync("thanks\n");
        var echo = await connection.ReceiveLineAsync();
        Console.WriteLine(echo);
        return echo == "thanks" ? 0 : 1;
    }

    /// <summary>Talks once, then is silent until the connection is ended by someone else.</summary>
    private static async Task<int> IdleAsync(string host, int port)
    {
        using var connection = await PeerConnection.ConnectAsync(host, port);
        await connection.SendAsync("hello\n");
        Console.WriteLine($"answered {await connection.ReceiveLineAsync()}");
        await connection.ReceiveAsync();
        Console.WriteLine("closed: eof");
        return 1;
    }

    /// <summary>Sends without end, until the connection is cut.</summary>
    private static async Task<int> FloodAsync(string host, int port)
    {
        using var connection = await PeerConnection.ConnectAsync(host, port);
        await connection.SendDataAsync(16 << 20);
        Console.WriteLine("flowing");
        await connection.SendDataAsync(long.MaxValue);
        return 0;
    }

    private static async Task<int> ResetAsync(string host, int port, long bytes)
    {
        using var connection = await PeerConnection.ConnectAsync(host, port);
        await connection.SendDataAsync(bytes);
        connection.Reset();
        return 0;
    }

    /// <summary>Sends one request after another on one connection, and prints each answer's status, until it is cut.</summary>
    private static async Task<int> KeepAliveAsync(string host, int port, string method, string path)
    {
        using var connection = await PeerConnection.ConnectAsync(host, port);
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(2); await Task.Delay(20))
        {
            await connection.SendAsync($"{method} {path} HTTP/1.1\r\nHost: server\r\nContent-Length: 0\r\n\r\n");
            var answer = await HttpAnswer.ReadAsync(connection);
            if (answer is null)
            {
                Console.WriteLine("closed: eof");
                return 1;
            }

            Console.WriteLine($"{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()} {answer}");
        }

        return 0;
    }

    /// <summary>As many requests as asked for on one connection, without a pause.</summary>
    private static async Task<int> LoadAsync(string host, int port, long count)
    {
        using var connection = await PeerConnection.ConnectAsync(host, port);
        for (var number = 0; number < count; number++)
        {
            await connection.SendAsync("GET / HTTP/1.1\r\nHost: server\r\n\r\n");
            if (await HttpAnswer.ReadAsync(connection) is not "200")
            {
                Console.WriteLine($"request {number} was not answered with 200");
                return 1;
            }
        }

        return 0;
    }

    /// <summary>As many connections as asked for, one after another, each with one exchange.</summary>
    private static async Task<int> ConnectsAsync(string host, int port, long count)
    {
        for (var number = 0; number < count; number++)
        {
            using var connection = await PeerConnection.ConnectAsync(host, port);
            await connection.SendAsync("hello\n");
            await connection.ReceiveLineAsync();
            connection.EndSending();
            await connection.ReceiveAllTextAsync();
        }

        return 0;
    }
}
