using System.Buffers;
using System.Text;

namespace Proxy.Policy.Matching;

/// <summary>The form of header names and values (RFC 9110 §5).</summary>
internal static class HeaderSyntax
{
    private static readonly SearchValues<byte> Token = SearchValues.Create(
        [.. "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".Select(c => (byte)c)]);

    private static readonly SearchValues<byte> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(c => c != '\t').Select(c => (byte)c), 127]);

    // They frame the request, or say where it goes and what the connection becomes: changed, the server would read
    // another request than was judged.
    private static readonly string[] Fixed =
    [
        "host", "content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer",
        "keep-alive", "proxy-connection", "http2-settings",
    ];

    public static bool IsName(string name) => name.Length > 0 && !Encoding.UTF8.GetBytes(name).AsSpan().ContainsAnyExcept(Token);

    /// <summary>No control characters, and no blank at either end: nobody would get those.</summary>
    public static bool IsValue(ReadOnlySpan<byte> value) => !value.ContainsAny(Controls) && value.Trim(" \t"u8).Length == value.Length;

    public static bool MayChange(string name) => !Fixed.Contains(name.Replace('_', '-'), StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether a server may take two names for one: case does not count, and to those that hand headers on as variables
    /// (RFC 3875 §4.1.18) '_' and '-' are the same.
    /// </summary>
    public static bool AreAlike(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other)
    {
        if (name.Length != other.Length)
            return false;

        for (var i = 0; i < name.Length; i++)
        {
            if (Fold(name[i]) != Fold(other[i]))
                return false;
        }

        return true;
    }

    private static int Fold(byte letter) => letter switch
    {
        >= (byte)'A' and <= (byte)'Z' => letter | 0x20,
        (byte)'_' => '-',
        _ => letter,
    };
}
