using System.Globalization;
using System.Text;

namespace Lab.Traffic;

/// <summary>Reads one answer off a keep-alive connection, and holds it against what was asked for.</summary>
internal static class AnswerReader
{
    private const string HeadEnd = "\r\n\r\n";
    private const string LengthName = "content-length:";

    /// <summary>The result that the answer stands for.</summary>
    /// <exception cref="TrafficFault">The answer is another's, or ended too early.</exception>
    public static async Task<string> ReadAsync(TrafficConnection connection, ulong id, CancellationToken limit)
    {
        var text = new StringBuilder();
        while (!IsComplete(text.ToString()))
        {
            var part = await connection.ReceiveAsync(limit);
            if (part.IsEmpty)
            {
                throw new TrafficFault($"an orderly end after {text.Length} bytes of an answer");
            }

            text.Append(Encoding.ASCII.GetString(part.Span));
        }

        return Judge(text.ToString(), id);
    }

    internal static string Judge(string answer, ulong id) => answer.Split(' ')[1] switch
    {
        "403" => TrafficRecord.Refused,
        "200" when answer.EndsWith(Encoding.ASCII.GetString(MarkedLines.Line(id, 0)), StringComparison.Ordinal) => TrafficRecord.Ok,
        _ => throw new TrafficFault($"in place of the answer to {id:x16}: {answer.ReplaceLineEndings(" ")}"),
    };

    private static bool IsComplete(string text)
    {
        var head = text.IndexOf(HeadEnd, StringComparison.Ordinal);
        return head >= 0 && text.Length - head - HeadEnd.Length >= LengthOf(text[..head]);
    }

    private static int LengthOf(string head) => head.Split("\r\n")
        .Where(line => line.StartsWith(LengthName, StringComparison.OrdinalIgnoreCase))
        .Select(line => int.Parse(line.AsSpan(LengthName.Length), CultureInfo.InvariantCulture))
        .FirstOrDefault();
}
