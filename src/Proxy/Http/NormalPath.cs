namespace Proxy.Http;

/// <summary>
/// Paths as Cilium's Envoy reads them: escapes of characters that need none are decoded, then dot segments resolved
/// (RFC 3986 §6.2.2). Slashes in a row, escaped slashes and the query stay as they are.
/// </summary>
internal static class NormalPath
{
    /// <summary>
    /// Whether the path would change, or must be refused: for <c>%00</c>, and for dot segments that only some servers
    /// see, behind an escaped slash or before a parameter.
    /// </summary>
    public static GateFault Check(ReadOnlySpan<byte> path, out bool isAbnormal)
    {
        var fault = CheckEscapes(path, out isAbnormal);
        foreach (var range in path.Split((byte)'/'))
        {
            if (fault != GateFault.None)
                return fault;

            var segment = path[range];
            if (IsDots(segment))
                isAbnormal = true;
            else if (HidesDots(segment))
                fault = GateFault.AmbiguousPath;
        }

        return fault;
    }

    /// <summary>Writes the target with its path normalised, which never makes it longer; the target was checked.</summary>
    public static int Write(ReadOnlySpan<byte> target, Span<byte> normal)
    {
        var question = target.IndexOf((byte)'?');
        var path = question < 0 ? target : target[..question];
        var length = 0;
        while (!path.IsEmpty)
        {
            path = path[1..];
            var end = path.IndexOf((byte)'/');
            var segment = end < 0 ? path : path[..end];
            path = end < 0 ? [] : path[end..];
            length = WriteSegment(segment, isLast: end < 0, normal, length);
        }

        var query = question < 0 ? [] : target[question..];
        query.CopyTo(normal[length..]);
        return length + query.Length;
    }

    private static int WriteSegment(ReadOnlySpan<byte> segment, bool isLast, Span<byte> normal, int length)
    {
        if (IsDots(segment))
        {
            if (CountDots(segment) == 2)
                length = Math.Max(0, normal[..length].LastIndexOf((byte)'/'));
            if (isLast)
                normal[length++] = (byte)'/';
            return length;
        }

        normal[length++] = (byte)'/';
        for (var i = 0; i < segment.Length; i++)
        {
            var isDecoded = segment[i] == '%' && HttpBytes.Unreserved.Contains(Decode(segment[i..]));
            normal[length++] = isDecoded ? Decode(segment[i..]) : segment[i];
            i += isDecoded ? 2 : 0;
        }

        return length;
    }

    private static GateFault CheckEscapes(ReadOnlySpan<byte> path, out bool isAbnormal)
    {
        isAbnormal = false;
        for (var percent = path.IndexOf((byte)'%'); percent >= 0; percent = path.IndexOf((byte)'%'))
        {
            path = path[percent..];
            if (path.Length < 3 || HexDigit.Value(path[1]) < 0 || HexDigit.Value(path[2]) < 0)
                return GateFault.BadTarget;
            var decoded = Decode(path);
            if (decoded == 0)
                return GateFault.AmbiguousPath;
            isAbnormal |= HttpBytes.Unreserved.Contains(decoded);
            path = path[3..];
        }

        return GateFault.None;
    }

    // Servers that decode slashes late, or cut parameters off early, see a dot segment in a part of this one.
    private static bool HidesDots(ReadOnlySpan<byte> segment)
    {
        var start = 0;
        for (var i = 0; i <= segment.Length; i++)
        {
            var isEnd = i == segment.Length;
            var isSlash = !isEnd && segment[i] == '%' && Decode(segment[i..]) is (byte)'/' or (byte)'\\';
            if (!isEnd && !isSlash && segment[i] != ';')
                continue;
            if (IsDots(segment[start..i]))
                return true;
            start = i + (isSlash ? 3 : 1);
        }

        return false;
    }

    private static bool IsDots(ReadOnlySpan<byte> segment) => CountDots(segment) is 1 or 2;

    /// <summary>How many dots the segment is; 0 when it holds anything else.</summary>
    private static int CountDots(ReadOnlySpan<byte> segment)
    {
        var dots = 0;
        while (!segment.IsEmpty)
        {
            var isEscaped = segment[0] == '%' && Decode(segment) == '.';
            if (!isEscaped && segment[0] != '.')
                return 0;
            segment = segment[(isEscaped ? 3 : 1)..];
            dots++;
        }

        return dots;
    }

    private static byte Decode(ReadOnlySpan<byte> escape) => (byte)((HexDigit.Value(escape[1]) << 4) | HexDigit.Value(escape[2]));
}
