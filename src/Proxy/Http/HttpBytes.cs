using System.Buffers;

namespace Proxy.Http;

/// <summary>The character classes of RFC 9110 and RFC 3986.</summary>
internal static class HttpBytes
{
    private const string Alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// <summary>RFC 9110 §5.6.2: methods, header names, connection options.</summary>
    public static readonly SearchValues<byte> Token = Of("!#$%&'*+-.^_`|~" + Alphanumeric);

    /// <summary>What a header value must not hold: every control character but the tab.</summary>
    public static readonly SearchValues<byte> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(c => c != '\t').Select(c => (byte)c), 127]);

    /// <summary>RFC 3986 §3.3: a path, escapes included.</summary>
    public static readonly SearchValues<byte> Path = Of("-._~!$&'()*+,;=:@/%" + Alphanumeric);

    /// <summary>A query: everything visible but the fragment's sign.</summary>
    public static readonly SearchValues<byte> Query =
        SearchValues.Create([.. Enumerable.Range(0x21, 0x7F - 0x21).Where(c => c != '#').Select(c => (byte)c)]);

    /// <summary>RFC 3986 §2.3: what needs no escape, so that an escape of it is a disguise.</summary>
    public static readonly SearchValues<byte> Unreserved = Of("-._~" + Alphanumeric);

    /// <summary>Names and IPv4 addresses as hosts are really written; no user, no escapes, no lists.</summary>
    public static readonly SearchValues<byte> HostName = Of("-._~" + Alphanumeric);

    /// <summary>The inside of an IPv6 literal.</summary>
    public static readonly SearchValues<byte> IPv6 = Of("0123456789abcdefABCDEF:.");

    private static SearchValues<byte> Of(string ascii) => SearchValues.Create([.. ascii.Select(c => (byte)c)]);
}
