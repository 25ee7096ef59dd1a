using System.Net.Sockets;

namespace Lab.Load;

/// <summary>Connections that exchange a few bytes once, and then stand until a file appears.</summary>
internal static class StandingConnections
{
    private const int Width = 32;

    public static async Task<int> RunAsync(LoadTarget target, int count, string goOn)
    {
        var sockets = new List<Socket>();
        foreach (var part in Enumerable.Range(0, count).Chunk(Width))
        {
            sockets.AddRange(await Task.WhenAll(part.Select(_ => TalkAsync(target))));
        }

        Console.WriteLine($"standing {count}");
        await Wait.UntilAsync(() => File.Exists(goOn), TimeSpan.FromMinutes(10));
        sockets.ForEach(socket => socket.Dispose());
        return 0;
    }

    private static async Task<Socket> TalkAsync(LoadTarget target)
    {
        var socket = await target.ConnectAsync();
        var buffer = new byte[ConnectionExchange.Size];
        buffer[0] = (byte)'s';
        await socket.SendAsync(buffer);
        return await socket.ReceiveAsync(buffer) > 0 ? socket : throw new LabException("a connection was closed instead of answered");
    }
}
