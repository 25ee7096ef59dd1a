using System.Buffers.Text;
using System.Globalization;

namespace Lab.Traffic;

/// <summary>
/// The payload of all test traffic: lines of one length, each with a marker that must never be seen on a wire, the
/// number of its conversation and its own. What is lost, doubled, swapped or another's shows at once.
/// </summary>
internal static class MarkedLines
{
    public const int Length = 64;
    private const int IdAt = 17;
    private const int NumberAt = 34;
    private const int NumberEnd = 63;

    public static ReadOnlySpan<byte> Marker => "node-proxy-secret"u8;

    public static void Write(Span<byte> line, ulong id, long number)
    {
        Marker.CopyTo(line);
        line[IdAt] = (byte)' ';
        id.TryFormat(line[(IdAt + 1)..NumberAt], out _, "x16", CultureInfo.InvariantCulture);
        line[NumberAt] = (byte)' ';
        number.TryFormat(line[(NumberAt + 1)..NumberEnd], out _, "d28", CultureInfo.InvariantCulture);
        line[NumberEnd] = (byte)'\n';
    }

    public static byte[] Line(ulong id, long number)
    {
        var line = new byte[Length];
        Write(line, id, number);
        return line;
    }

    public static bool TryRead(ReadOnlySpan<byte> line, out ulong id, out long number)
    {
        (id, number) = (0, 0);
        return line.Length == Length && line.StartsWith(Marker)
            && Utf8Parser.TryParse(line[(IdAt + 1)..NumberAt], out id, out _, 'x')
            && Utf8Parser.TryParse(line[(NumberAt + 1)..NumberEnd], out number, out _);
    }
}
