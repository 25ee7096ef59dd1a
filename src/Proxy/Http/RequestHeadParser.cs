using System.Text;

namespace Proxy.Http;

/// <summary>
/// Reads one request head line by line as it arrives. It keeps offsets only, since the lane may move the held bytes
/// within its buffer between two calls. The first faulty line decides, so that splitting changes nothing.
/// </summary>
internal struct RequestHeadParser(GateLimits limits)
{
    private HeadLines _lines;
    private MessageFields _fields;
    private Extent _method;
    private Extent _target;
    private Extent _authority;
    private Extent _host;
    private int _headers;
    private bool _hasRequestLine;
    private bool _isRootOfAuthority;
    private byte _minorVersion;

    private readonly record struct Extent(int Start, int Length)
    {
        public static Extent Find(ReadOnlySpan<byte> whole, ReadOnlySpan<byte> part) =>
            whole.Overlaps(part, out var start) ? new Extent(start, part.Length) : default;

        public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> whole) => whole.Slice(Start, Length);
    }

    /// <summary>Bytes of the head, once complete.</summary>
    public readonly int Length => _lines.Position;

    public readonly MessageFields Fields => _fields;

    public bool ExpectsContinue { get; private set; }

    /// <summary>The client will send no further request.</summary>
    public readonly bool IsLast => _fields.Closes || _minorVersion == 0;

    /// <summary>
    /// The one upgrade that an answer may accept. Any other would turn the connection into something that nobody
    /// judges (h2c above all); servers are free to ignore it, and most do, so the request itself may pass.
    /// </summary>
    public readonly bool AsksWebSocket(in RequestHead head) =>
        _fields.IsWebSocketUpgrade && _minorVersion == 1 && !HasBody && head.Method.SequenceEqual("GET"u8);

    /// <summary>The path is to be normalised before anybody judges it.</summary>
    public bool IsAbnormal { get; private set; }

    private readonly bool HasBody => _fields.HasLength || _fields.IsChunked;

    public readonly RequestHead Head(ReadOnlySpan<byte> bytes) => new()
    {
        Method = _method.Of(bytes),
        Target = _isRootOfAuthority ? "/"u8 : _target.Of(bytes),
        Host = _host.Of(bytes),
        Headers = bytes[_headers..(Length - 2)],
        MinorVersion = _minorVersion,
    };

    /// <summary>The request line with its CR LF, cut where the target stands.</summary>
    public readonly void CutRequestLine(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> before, out ReadOnlySpan<byte> behind)
    {
        before = bytes[.._target.Start];
        behind = bytes[(_target.Start + _target.Length).._headers];
    }

    /// <summary>True when the head is complete and well formed; false with a fault, or with none while it is incomplete.</summary>
    public bool TryRead(ReadOnlySpan<byte> bytes, out GateFault fault)
    {
        var head = bytes[..Math.Min(bytes.Length, limits.MaxHeadBytes)];
        fault = CheckFirstByte(head);
        while (fault == GateFault.None && _lines.TryNext(head, out var line, out fault))
        {
            if (fault != GateFault.None)
                return false;
            if (!_hasRequestLine)
                fault = ReadRequestLine(head, line);
            else if (!line.IsEmpty)
                fault = ReadHeader(head, line);
            else
                return (fault = Check(head)) == GateFault.None;
        }

        if (fault == GateFault.None && head.Length == limits.MaxHeadBytes)
            fault = _hasRequestLine ? GateFault.HeadTooLarge : GateFault.TargetTooLong;
        return false;
    }

    // A TLS record or other binary protocol may never send a line feed: it must not be waited for.
    private static GateFault CheckFirstByte(ReadOnlySpan<byte> head)
    {
        if (head.IsEmpty || HttpBytes.Token.Contains(head[0]))
            return GateFault.None;
        return head[0] is (byte)'\r' or (byte)'\n' ? GateFault.LeadingEmptyLine : GateFault.BadMethod;
    }

    private GateFault ReadRequestLine(ReadOnlySpan<byte> head, ReadOnlySpan<byte> line)
    {
        _hasRequestLine = true;
        _headers = _lines.Position;
        if (line.SequenceEqual("PRI * HTTP/2.0"u8))
            return GateFault.Http2Preface;
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        if (first <= 0 || last == first)
            return GateFault.BadRequestLine;

        var fault = ReadVersion(line[(last + 1)..]);
        if (fault == GateFault.None)
            fault = ReadMethod(head, line[..first]);
        return fault == GateFault.None ? ReadTarget(head, line[..first], line[(first + 1)..last]) : fault;
    }

    private GateFault ReadVersion(ReadOnlySpan<byte> version)
    {
        _minorVersion = (byte)(version.SequenceEqual("HTTP/1.1"u8) ? 1 : 0);
        return _minorVersion == 1 || version.SequenceEqual("HTTP/1.0"u8) ? GateFault.None : GateFault.BadVersion;
    }

    private GateFault ReadMethod(ReadOnlySpan<byte> head, ReadOnlySpan<byte> method)
    {
        if (method.ContainsAnyExcept(HttpBytes.Token))
            return GateFault.BadMethod;
        _method = Extent.Find(head, method);
        return Ascii.EqualsIgnoreCase(method, "CONNECT"u8) ? GateFault.ConnectMethod : GateFault.None;
    }

    private GateFault ReadTarget(ReadOnlySpan<byte> head, ReadOnlySpan<byte> method, ReadOnlySpan<byte> target)
    {
        if (target.Length > limits.MaxTargetBytes)
            return GateFault.TargetTooLong;
        var fault = TargetForm.Read(method, target, limits, out var form);
        if (fault != GateFault.None)
            return fault;
        _target = Extent.Find(head, form.PathAndQuery);
        _authority = Extent.Find(head, form.Authority);
        _isRootOfAuthority = _target.Length == 0;
        IsAbnormal = form.IsAbnormal;
        return GateFault.None;
    }

    private GateFault ReadHeader(ReadOnlySpan<byte> head, ReadOnlySpan<byte> line)
    {
        var fault = HeaderLine.Read(line, out var header);
        if (fault == GateFault.None)
            fault = _fields.Add(header, limits.MaxHeaders);
        if (fault != GateFault.None)
            return fault;
        return header.Known switch
        {
            KnownHeader.Host => ReadHost(head, header.Value),
            KnownHeader.Expect => ReadExpect(header.Value),
            _ => GateFault.None,
        };
    }

    private GateFault ReadHost(ReadOnlySpan<byte> head, ReadOnlySpan<byte> value)
    {
        if (_host.Length > 0)
            return GateFault.HostRepeated;
        _host = Extent.Find(head, value);
        return HostForm.IsValid(value) ? GateFault.None : GateFault.HostInvalid;
    }

    private GateFault ReadExpect(ReadOnlySpan<byte> value)
    {
        if (ExpectsContinue || _minorVersion == 0 || !Ascii.EqualsIgnoreCase(value, "100-continue"u8))
            return GateFault.BadExpectation;
        ExpectsContinue = true;
        return GateFault.None;
    }

    private readonly GateFault Check(ReadOnlySpan<byte> head)
    {
        if (_host.Length == 0 && (_minorVersion == 1 || _authority.Length > 0))
            return GateFault.HostMissing;
        if (_authority.Length > 0 && !Ascii.EqualsIgnoreCase(_authority.Of(head), _host.Of(head)))
            return GateFault.HostDisagreesWithTarget;
        if (_fields.NamesFraming)
            return GateFault.BadConnectionHeader;
        var fault = _fields.Check(_minorVersion);
        return fault == GateFault.None ? CheckMethod(_method.Of(head)) : fault;
    }

    private readonly GateFault CheckMethod(ReadOnlySpan<byte> method) =>
        HasBody && method.SequenceEqual("TRACE"u8) ? GateFault.UnexpectedBody : GateFault.None;
}
