using System.Buffers.Text;

namespace Proxy.Http;

/// <summary>The form of a Host header or authority: <c>name</c>, <c>1.2.3.4</c> or <c>[::1]</c>, and a port if wanted.</summary>
internal static class HostForm
{
    public static bool IsValid(ReadOnlySpan<byte> host)
    {
        var colon = host.LastIndexOf((byte)':');
        if (colon < 0 || (!host.IsEmpty && host[^1] == ']'))
            return IsName(host);
        return IsName(host[..colon]) && IsPort(host[(colon + 1)..]);
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
            return false;
        if (name[0] != '[')
            return !name.ContainsAnyExcept(HttpBytes.HostName);
        return name.Length > 3 && name[^1] == ']' && !name[1..^1].ContainsAnyExcept(HttpBytes.IPv6);
    }

    private static bool IsPort(ReadOnlySpan<byte> port) =>
        port.Length is > 0 and <= 5
        && !port.ContainsAnyExceptInRange((byte)'0', (byte)'9')
        && Utf8Parser.TryParse(port, out int number, out _)
        && number is > 0 and <= ushort.MaxValue;
}
