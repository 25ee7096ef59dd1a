using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Lab.Traffic;

/// <summary>An HTTP/1.1 server that counts how often each request arrives: its number is its path.</summary>
internal sealed class CountedRequests(Action<string> report)
{
    /// <summary>Below it are the requests that policy allows.</summary>
    public const string Allowed = "/counted/";

    /// <summary>A path that policy never allows.</summary>
    public const string Forbidden = "/forbidden/";

    private readonly ConcurrentDictionary<ulong, bool> seen = new();

    public async Task ServeAsync(TrafficConnection connection)
    {
        var text = new StringBuilder();
        while (await connection.ReceiveAsync(default) is { IsEmpty: false } part)
        {
            text.Append(Encoding.ASCII.GetString(part.Span));
            while (TakeHead(text) is { } head)
            {
                await connection.SendAsync(Answer(head), default);
            }
        }

        if (text.Length > 0)
        {
            throw new TrafficFault("an orderly end within a request");
        }

        connection.EndSending();
        connection.Complete();
    }

    /// <summary>The answer to a request's head; its body is a line of the request's number.</summary>
    internal byte[] Answer(string head)
    {
        var path = head.Split(' ')[1];
        var number = path[(path.LastIndexOf('/') + 1)..];
        if (!path.StartsWith(Allowed, StringComparison.Ordinal)
            || !ulong.TryParse(number, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var id))
        {
            report($"request {path} was delivered");
            return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"u8.ToArray();
        }

        if (!seen.TryAdd(id, true))
        {
            report($"request {path} was delivered twice");
        }

        return [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {MarkedLines.Length}\r\n\r\n"), .. MarkedLines.Line(id, 0)];
    }

    private static string? TakeHead(StringBuilder text)
    {
        var all = text.ToString();
        var end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        text.Remove(0, end + 4);
        return all[..end];
    }
}
