using System.Buffers.Text;
using System.Text;

namespace Proxy.Http;

/// <summary>What the headers of one message say about its framing and its connection.</summary>
internal struct MessageFields
{
    private int _upgrades;

    public int Count { get; private set; }

    public bool HasLength { get; private set; }

    public long Length { get; private set; }

    public bool IsChunked { get; private set; }

    public bool Closes { get; private set; }

    /// <summary>
    /// The Connection header lists one that frames or routes. A server that is itself a proxy would drop that header and
    /// read a request differently behind us.
    /// </summary>
    public bool NamesFraming { get; private set; }

    /// <summary>The Connection header lists <c>upgrade</c>.</summary>
    public bool NamesUpgrade { get; private set; }

    /// <summary>The only Upgrade header says <c>websocket</c>.</summary>
    public bool NamesWebSocket { get; private set; }

    public readonly bool IsWebSocketUpgrade => NamesUpgrade && NamesWebSocket && _upgrades == 1;

    public GateFault Add(in HeaderLine header, int maxHeaders)
    {
        if (++Count > maxHeaders)
            return GateFault.TooManyHeaders;
        switch (header.Known)
        {
            case KnownHeader.ContentLength:
                return AddContentLength(header.Value);
            case KnownHeader.TransferEncoding:
                return AddTransferEncoding(header.Value);
            case KnownHeader.Connection:
                return AddConnection(header.Value);
            case KnownHeader.Upgrade:
                _upgrades++;
                NamesWebSocket = Ascii.EqualsIgnoreCase(header.Value, "websocket"u8);
                return GateFault.None;
            default:
                return GateFault.None;
        }
    }

    /// <summary>What can only be said when all headers are known.</summary>
    public readonly GateFault Check(byte minorVersion)
    {
        if (HasLength && IsChunked)
            return GateFault.ContentLengthAndTransferEncoding;
        return IsChunked && minorVersion == 0 ? GateFault.BadTransferEncoding : GateFault.None;
    }

    private GateFault AddContentLength(ReadOnlySpan<byte> value)
    {
        if (HasLength)
            return GateFault.RepeatedContentLength;
        HasLength = true;
        if (value.IsEmpty || value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || (value.Length > 1 && value[0] == '0'))
            return GateFault.BadContentLength;
        var isNumber = Utf8Parser.TryParse(value, out long length, out var read) && read == value.Length;
        Length = length;
        return isNumber ? GateFault.None : GateFault.BadContentLength;
    }

    // Exactly as every client writes it: any other spelling only helps those who want two readers to disagree.
    private GateFault AddTransferEncoding(ReadOnlySpan<byte> value)
    {
        if (IsChunked || !value.SequenceEqual("chunked"u8))
            return GateFault.BadTransferEncoding;
        IsChunked = true;
        return GateFault.None;
    }

    private GateFault AddConnection(ReadOnlySpan<byte> value)
    {
        while (!value.IsEmpty)
        {
            var comma = value.IndexOf((byte)',');
            var option = (comma < 0 ? value : value[..comma]).Trim(" \t"u8);
            value = comma < 0 ? [] : value[(comma + 1)..];
            if (option.ContainsAnyExcept(HttpBytes.Token))
                return GateFault.BadConnectionHeader;
            NamesFraming |= IsFraming(option);
            Closes |= Ascii.EqualsIgnoreCase(option, "close"u8);
            NamesUpgrade |= Ascii.EqualsIgnoreCase(option, "upgrade"u8);
        }

        return GateFault.None;
    }

    private static bool IsFraming(ReadOnlySpan<byte> option) =>
        Ascii.EqualsIgnoreCase(option, "content-length"u8)
        || Ascii.EqualsIgnoreCase(option, "transfer-encoding"u8)
        || Ascii.EqualsIgnoreCase(option, "host"u8);
}
