using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Proxy.Spiffe.Streams;

/// <summary>
/// Where an API is served, as SPIFFE writes it: <c>unix:///absolute/path</c> or <c>tcp://address:port</c> (SPIFFE Workload
/// Endpoint, section 4). Nothing else may stand in it.
/// </summary>
public sealed record ApiEndpoint
{
    private const string Unix = "unix://";
    private const string Tcp = "tcp://";

    private ApiEndpoint(EndPoint address, string text)
    {
        Address = address;
        Text = text;
    }

    internal EndPoint Address { get; }

    /// <summary>The path of the Unix socket; null for TCP.</summary>
    internal string? SocketPath => (Address as System.Net.Sockets.UnixDomainSocketEndPoint)?.ToString();

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Reads an endpoint, or a plain absolute path of a Unix socket.</summary>
    /// <param name="text">The endpoint.</param>
    /// <param name="allowNames">Whether the host may be a DNS name, as in the Broker API, or must be an address.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="error">What is wrong and what is expected.</param>
    public static bool TryParse(string text, bool allowNames, [NotNullWhen(true)] out ApiEndpoint? endpoint, out string error)
    {
        ArgumentNullException.ThrowIfNull(text);
        endpoint = null;
        error = $"'{text}' is not an endpoint; write unix:///path/to/socket or tcp://{(allowNames ? "HOST" : "ADDRESS")}:PORT";
        var address = text.StartsWith(Tcp, StringComparison.Ordinal)
            ? ReadTcp(text[Tcp.Length..], allowNames)
            : ReadUnix(text.StartsWith(Unix, StringComparison.Ordinal) ? text[Unix.Length..] : text);
        if (address is null)
            return false;
        endpoint = new ApiEndpoint(address, text);
        error = "";
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    // 108 bytes of sockaddr_un with the NUL at the end (unix(7)).
    private static System.Net.Sockets.UnixDomainSocketEndPoint? ReadUnix(string path) =>
        path.Length > 1 && path[0] == '/' && path.AsSpan().IndexOfAny("?#\0") < 0 && System.Text.Encoding.UTF8.GetByteCount(path) <= 107
            ? new System.Net.Sockets.UnixDomainSocketEndPoint(path)
            : null;

    private static EndPoint? ReadTcp(string text, bool allowNames)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !TryReadPort(text.AsSpan(colon + 1), out var port))
            return null;

        var host = text[..colon];
        var isBracketed = host.StartsWith('[') && host.EndsWith(']');
        var bare = isBracketed ? host[1..^1] : host;
        if (IPAddress.TryParse(bare, out var ip) && bare.Contains(':') == isBracketed && IsPlain(bare))
            return new IPEndPoint(ip, port);
        return allowNames && !isBracketed && Uri.CheckHostName(host) == UriHostNameType.Dns ? new DnsEndPoint(host, port) : null;
    }

    // The system's reader takes "1", octal parts and scopes too.
    private static bool IsPlain(string ip) => ip.Contains(':') ? !ip.Contains('%') : ip.Count(c => c == '.') == 3;

    private static bool TryReadPort(ReadOnlySpan<char> text, out ushort port)
    {
        port = 0;
        return text.Length is > 0 and <= 5
            && !text.ContainsAnyExceptInRange('0', '9')
            && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port > 0;
    }
}
