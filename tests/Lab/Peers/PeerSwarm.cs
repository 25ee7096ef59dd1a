using System.Net.Sockets;

namespace Lab.Peers;

/// <summary>Many connections to an echo server that all stand at the same time.</summary>
internal static class PeerSwarm
{
    public static async Task<int> RunAsync(string host, int port, int count, string? goOn)
    {
        var connections = await Task.WhenAll(Enumerable.Range(0, count).Select(number => TalkAsync(host, port, null, number)));
        Console.WriteLine($"standing {Living(connections)} of {count}");
        if (goOn is not null)
        {
            await Wait.UntilAsync(() => File.Exists(goOn), TimeSpan.FromMinutes(10));
        }

        connections = await Task.WhenAll(connections.Select((connection, number) => TalkAsync(host, port, connection, number)));
        Console.WriteLine($"answered {Living(connections)} of {count}");
        return Living(connections) == count ? 0 : 1;
    }

    /// <summary>Many connections to a source of which none is ever read from.</summary>
    public static async Task<int> StallAsync(string host, int port, int count, string goOn)
    {
        var connections = new List<PeerConnection>();
        for (var number = 0; number < count; number++)
        {
            connections.Add(await PeerConnection.ConnectAsync(host, port));
        }

        Console.WriteLine($"not reading {count}");
        await Wait.UntilAsync(() => File.Exists(goOn), TimeSpan.FromMinutes(10));
        connections.ForEach(connection => connection.Dispose());
        return 0;
    }

    private static int Living(PeerConnection?[] connections) => connections.Count(connection => connection is not null);

    private static async Task<PeerConnection?> TalkAsync(string host, int port, PeerConnection? connection, int number)
    {
        try
        {
            connection ??= await PeerConnection.ConnectAsync(host, port);
            await connection.SendAsync($"hello {number}\n");
            var echo = await connection.ReceiveLineAsync();
            return echo == $"hello {number}" ? connection : throw new LabException($"\"{echo}\" came instead of hello {number}");
        }
        catch (SocketException fault)
        {
            Console.WriteLine($"connection {number}: {fault.SocketErrorCode}");
            return null;
        }
    }
}
