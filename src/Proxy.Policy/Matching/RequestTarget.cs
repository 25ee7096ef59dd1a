using System.Buffers;
using System.Buffers.Text;

namespace Proxy.Policy.Matching;

/// <summary>Whether the path of a request target has one reading.</summary>
internal static class RequestTarget
{
    // Visible ASCII without the backslash, which some servers take for a slash, and without the fragment mark.
    private static readonly SearchValues<byte> Clear = SearchValues.Create(
        [.. Enumerable.Range('!', '~' - '!' + 1).Select(c => (byte)c).Where(c => c is not ((byte)'\\' or (byte)'#'))]);

    // RFC 3986 §2.3: to servers that decode, an escape of these is the character itself.
    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    /// <summary>
    /// False for dot segments, encoded slashes, backslashes and NULs, escapes of what needs none or that are none, and
    /// anything that is not visible ASCII: such a path means another one to a server that resolves it, so that a prefix
    /// rule would open what it does not name.
    /// </summary>
    public static bool IsClear(ReadOnlySpan<byte> target)
    {
        if (target.ContainsAnyExcept(Clear))
            return false;

        var query = target.IndexOf((byte)'?');
        var path = query < 0 ? target : target[..query];
        return !HasDisguise(path) && !HasDotSegment(path);
    }

    private static bool HasDisguise(ReadOnlySpan<byte> path)
    {
        for (var rest = path; rest.IndexOf((byte)'%') is >= 0 and var at; rest = rest[(at + 1)..])
        {
            var code = rest[(at + 1)..];
            if (code.Length < 2 || !Utf8Parser.TryParse(code[..2], out byte decoded, out var read, 'x') || read != 2)
                return true;
            if (decoded is 0 or (byte)'/' or (byte)'\\' || Unreserved.Contains(decoded))
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

    // An escaped dot is a disguise already.
    private static bool IsDots(ReadOnlySpan<byte> segment) => segment is [(byte)'.'] or [(byte)'.', (byte)'.'];
}
