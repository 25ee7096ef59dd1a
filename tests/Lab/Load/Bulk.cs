using System.Diagnostics;
using System.Globalization;

namespace Lab.Load;

/// <summary>As many bytes as go through one connection in a time, counted where they arrive.</summary>
internal static class Bulk
{
    public static async Task<int> UploadAsync(LoadTarget target, TimeSpan span)
    {
        using var socket = await target.ConnectAsync();
        var block = new byte[LoadServer.BlockSize];
        block[0] = (byte)'u';
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < span)
        {
            await socket.SendAsync(block);
        }

        block[0] = (byte)'e';
        await socket.SendAsync(block);
        var length = await socket.ReceiveAsync(block.AsMemory(0, sizeof(long)));
        return Say(length == sizeof(long) ? BitConverter.ToInt64(block) : 0, started);
    }

    public static async Task<int> DownloadAsync(LoadTarget target, TimeSpan span)
    {
        using var socket = await target.ConnectAsync();
        var block = new byte[LoadServer.BlockSize];
        await socket.SendAsync("d"u8.ToArray());
        var (started, received) = (Stopwatch.GetTimestamp(), 0L);
        while (Stopwatch.GetElapsedTime(started) < span && await socket.ReceiveAsync(block) is > 0 and var length)
        {
            received += length;
        }

        return Say(received, started);
    }

    private static int Say(long bytes, long started)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"done {bytes} failed 0 seconds {Stopwatch.GetElapsedTime(started).TotalSeconds:F3}"));
        return bytes > 0 ? 0 : 1;
    }
}
