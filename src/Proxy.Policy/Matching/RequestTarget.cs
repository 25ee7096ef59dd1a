using System.Buffers;

namespace Proxy.Policy.Matching;

/// <summary>Whether the path of a request target has one reading.</summary>
internal static class RequestTarget
{
    // Visible ASCII without the backslash, which some servers take for a slash, and without the fragment mark.
    private static readonly SearchValues<byte> Clear = SearchValues.Create(
        [.. Enumerable.Range('!', '~' - '!' + 1).Select(c => (byte)c).Where(c => c is not ((byte)'\\' or (byte)'#'))]);

    /// <summary>
    /// False for dot segments, encoded slashes, backslashes and NULs, and anything that is not visible ASCII: such a
    /// path means another one to a server that resolves it, so that a prefix rule would open what it does not name.
    /// </summary>
    public static bool IsClear(ReadOnlySpan<byte> target)
    {
        if (target.ContainsAnyExcept(Clear))
            return false;

        var query = target.IndexOf((byte)'?');
        var path = query < 0 ? target : target[..query];
        return !HasEncodedDelimiter(path) && !HasDotSegment(path);
    }

    private static bool HasEncodedDelimiter(ReadOnlySpan<byte> path)
    {
        for (var rest = path; rest.IndexOf((byte)'%') is >= 0 and var at; rest = rest[(at + 1)..])
        {
            var code = rest[(at + 1)..];
            if (IsCode(code, '2', 'f') || IsCode(code, '5', 'c') || IsCode(code, '0', '0'))
                return true;
        }

        return false;
    }

    private static bool HasDotSegment(ReadOnlySpan<byte> path)
    {
        // Servers cut path parameters off before they resolve segments: "..;x" is a dot segment to them.
        foreach (var range in path.SplitAny((byte)'/', (byte)';'))
        {
            if (IsDots(path[range]))
                return true;
        }

        return false;
    }

    private static bool IsDots(ReadOnlySpan<byte> segment)
    {
        var dots = 0;
        while (!segment.IsEmpty)
        {
            if (segment[0] == '.')
                segment = segment[1..];
            else if (segment[0] == '%' && IsCode(segment[1..], '2', 'e'))
                segment = segment[3..];
            else
                return false;

            dots++;
        }

        return dots is 1 or 2;
    }

    private static bool IsCode(ReadOnlySpan<byte> code, char high, char low) =>
        code.Length >= 2 && code[0] == high && (code[1] | 0x20) == (low | 0x20);
}
