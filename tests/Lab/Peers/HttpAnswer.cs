using System.Globalization;
using System.Text;

namespace Lab.Peers;

/// <summary>Reads one answer with a Content-Length off a keep-alive connection.</summary>
internal static class HttpAnswer
{
    /// <summary>The status code, or null if the connection ended.</summary>
    public static async Task<string?> ReadAsync(PeerConnection connection)
    {
        var text = new StringBuilder();
        while (true)
        {
            var part = await connection.ReceiveAsync();
            if (part.IsEmpty)
            {
                return null;
            }

            text.Append(Encoding.ASCII.GetString(part.Span));
            if (IsComplete(text.ToString()))
            {
                return text.ToString().Split(' ')[1];
            }
        }
    }

    private static bool IsComplete(string text)
    {
        var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return head >= 0 && text.Length - head - 4 >= ContentLength(text[..head]);
    }

    private static int ContentLength(string head) => head.Split("\r\n")
        .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
        .Select(line => int.Parse(line.AsSpan("Content-Length:".Length), CultureInfo.InvariantCulture))
        .FirstOrDefault();
}
