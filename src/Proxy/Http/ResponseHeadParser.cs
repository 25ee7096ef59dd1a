namespace Proxy.Http;

/// <summary>Reads one response head line by line as it arrives; as strict as for requests, since its framing decides.</summary>
internal struct ResponseHeadParser(GateLimits limits)
{
    private HeadLines _lines;
    private MessageFields _fields;
    private byte _minorVersion;

    /// <summary>Bytes of the head, once complete.</summary>
    public readonly int Length => _lines.Position;

    public ushort Status { get; private set; }

    /// <summary>Another response follows to the same request.</summary>
    public readonly bool IsInterim => Status is >= 100 and < 200 and not 101;

    public readonly bool IsWebSocketUpgrade => Status == 101 && _fields.IsWebSocketUpgrade;

    /// <summary>The server will send no further response.</summary>
    public readonly bool IsLast => _fields.Closes || _minorVersion == 0;

    /// <summary>The body that follows (RFC 9112 §6.3).</summary>
    public readonly BodyFraming Framing(bool answersHead)
    {
        if (answersHead || Status is 204 or 304)
            return BodyFraming.None;
        if (_fields.IsChunked)
            return BodyFraming.Chunked(allowsExtensions: true, limits);
        return _fields.HasLength ? BodyFraming.OfLength(_fields.Length) : BodyFraming.UntilEnd;
    }

    /// <summary>True when the head is complete and well formed; false with a fault, or with none while it is incomplete.</summary>
    public bool TryRead(ReadOnlySpan<byte> bytes, out GateFault fault)
    {
        var head = bytes[..Math.Min(bytes.Length, limits.MaxResponseHeadBytes)];
        while (_lines.TryNext(head, out var line, out fault))
        {
            if (fault != GateFault.None)
                return false;
            if (Status == 0)
                fault = ReadStatusLine(line);
            else if (!line.IsEmpty)
                fault = ReadHeader(line);
            else
                return (fault = Check()) == GateFault.None;
            if (fault != GateFault.None)
                return false;
        }

        if (head.Length == limits.MaxResponseHeadBytes)
            fault = GateFault.ResponseHeadTooLarge;
        return false;
    }

    private GateFault ReadStatusLine(ReadOnlySpan<byte> line)
    {
        // HTTP/1.x SP 3DIGIT SP reason; the last blank is often left out with an empty reason.
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[7] is not ((byte)'0' or (byte)'1') || line[8] != ' ')
            return GateFault.BadStatusLine;
        var digits = line[9..12];
        var reason = line[12..];
        if (digits.ContainsAnyExceptInRange((byte)'0', (byte)'9') || digits[0] == '0'
            || (!reason.IsEmpty && reason[0] != ' ') || reason.ContainsAny(HttpBytes.Controls))
            return GateFault.BadStatusLine;
        _minorVersion = (byte)(line[7] - '0');
        Status = (ushort)(((digits[0] - '0') * 100) + ((digits[1] - '0') * 10) + (digits[2] - '0'));
        return GateFault.None;
    }

    private GateFault ReadHeader(ReadOnlySpan<byte> line)
    {
        var fault = HeaderLine.Read(line, out var header);
        return fault == GateFault.None ? _fields.Add(header, limits.MaxHeaders) : fault;
    }

    private readonly GateFault Check()
    {
        // RFC 9112 §6.1: these have no body; who believes the header waits for one that never comes.
        var isBodiless = Status is < 200 or 204;
        if (isBodiless && _fields.IsChunked)
            return GateFault.BadTransferEncoding;
        if (isBodiless && _fields.Length > 0)
            return GateFault.BadContentLength;
        return _fields.Check(_minorVersion);
    }
}
