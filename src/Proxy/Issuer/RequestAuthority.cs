namespace Proxy.Issuer;

/// <summary>
/// Makes the authority of HTTP/2 requests one that Kestrel takes. A client of a Unix socket has no host to name: gRPC for Java
/// sends the socket's path, and Kestrel resets such a request before anybody is asked. Nothing here depends on the name. Bytes
/// are changed where they are and none come or go, so that frames and compression stay as they were (RFC 9113 §4.1, §6.2, §6.10).
/// </summary>
internal sealed class RequestAuthority
{
    private const int PrefaceLength = 24;
    private const int HeaderLength = 9;
    private const int PriorityLength = 5;

    private const byte Headers = 1;
    private const byte Continuation = 9;
    private const byte Padded = 0x08;
    private const byte Prioritised = 0x20;

    private readonly byte[] _header = new byte[HeaderLength];
    private readonly HeaderBlock _fields = new();
    private int _known; // bytes of the header that have come
    private int _passed = PrefaceLength; // bytes to come that are of no interest
    private int _block; // bytes to come of the header block, padding included
    private int _padding;
    private bool _isPadded;

    /// <summary>Goes over what was received, in order, in whatever parts it comes.</summary>
    public void Repair(Span<byte> received)
    {
        while (!received.IsEmpty)
        {
            var count = _passed > 0 ? Math.Min(_passed, received.Length) : 1;
            if (_passed > 0)
                _passed -= count;
            else if (_block > 0)
                ReadBlock(ref received[0]);
            else
                ReadHeader(received[0]);
            received = received[count..];
        }
    }

    private void ReadHeader(byte value)
    {
        _header[_known++] = value;
        if (_known < HeaderLength)
            return;
        _known = 0;
        var length = (_header[0] << 16) | (_header[1] << 8) | _header[2];
        var (type, flags) = (_header[3], _header[4]);
        if (type is not (Headers or Continuation))
        {
            _passed = length;
            return;
        }

        if (type == Headers)
            _fields.Begin();
        _block = length;
        _padding = 0;
        _isPadded = type == Headers && (flags & Padded) != 0;
        if (type == Headers && !_isPadded)
            Pass(flags);
    }

    private void ReadBlock(ref byte value)
    {
        _block--;
        if (_isPadded)
        {
            _isPadded = false;
            _padding = value;
            Pass(_header[4]);
        }
        else if (_block >= _padding)
        {
            _fields.Read(ref value);
        }
    }

    private void Pass(byte flags)
    {
        if ((flags & Prioritised) == 0)
            return;
        _passed = Math.Min(PriorityLength, _block);
        _block -= _passed;
    }
}
