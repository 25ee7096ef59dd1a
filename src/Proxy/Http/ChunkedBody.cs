namespace Proxy.Http;

/// <summary>
/// Follows a chunked body (RFC 9112 §7.1) byte by byte, so that nothing of it needs to be held back: what has passed is
/// always the beginning of a well-formed body.
/// </summary>
internal struct ChunkedBody(bool allowsExtensions, bool allowsTrailers, GateLimits limits)
{
    // Larger sizes are legal and nobody's; servers that cut them to 32 bits would read another body.
    private const long MaxChunkSize = int.MaxValue;

    private Place _place;
    private long _size;
    private int _lineBytes;
    private int _trailerBytes;

    private enum Place : byte
    {
        FirstDigit, Digits, Extension, SizeLineFeed, Data, DataReturn, DataLineFeed,
        TrailerStart, TrailerName, TrailerValue, TrailerLineFeed, LastLineFeed, Done,
    }

    public readonly bool IsComplete => _place == Place.Done;

    /// <summary>How many bytes belong to the body and are well formed; stops behind its end and before a fault.</summary>
    public int Advance(ReadOnlySpan<byte> bytes, out GateFault fault)
    {
        fault = GateFault.None;
        var position = 0;
        while (position < bytes.Length && _place != Place.Done)
        {
            if (_place == Place.Data)
            {
                position += SkipData(bytes.Length - position);
                continue;
            }

            fault = _place < Place.TrailerStart ? ReadChunkByte(bytes[position]) : ReadTrailerByte(bytes[position]);
            if (fault != GateFault.None)
                break;
            position++;
        }

        return position;
    }

    private int SkipData(int available)
    {
        var skipped = (int)Math.Min(_size, available);
        _size -= skipped;
        if (_size == 0)
            _place = Place.DataReturn;
        return skipped;
    }

    private GateFault ReadChunkByte(byte next) => _place switch
    {
        Place.SizeLineFeed => Expect(next, '\n', _size == 0 ? Place.TrailerStart : Place.Data),
        Place.DataReturn => Expect(next, '\r', Place.DataLineFeed),
        Place.DataLineFeed => Expect(next, '\n', Place.FirstDigit),
        Place.Extension => ReadExtension(next),
        _ => ReadSize(next),
    };

    private GateFault ReadSize(byte next)
    {
        if (_place == Place.FirstDigit)
            (_size, _lineBytes) = (0, 0);
        var digit = HexDigit.Value(next);
        if (digit < 0)
            return _place == Place.FirstDigit ? GateFault.BadChunk : ReadExtension(next);

        _place = Place.Digits;
        _size = (_size << 4) | (uint)digit;
        return _size > MaxChunkSize ? GateFault.BadChunk : CountLineByte();
    }

    private GateFault ReadExtension(byte next)
    {
        if (next == '\r')
        {
            _place = Place.SizeLineFeed;
            return GateFault.None;
        }

        var isStart = _place == Place.Digits;
        if (!allowsExtensions || HttpBytes.Controls.Contains(next) || (isStart && next is not ((byte)';' or (byte)' ' or (byte)'\t')))
            return GateFault.BadChunk;
        _place = Place.Extension;
        return CountLineByte();
    }

    private GateFault ReadTrailerByte(byte next)
    {
        if (_place == Place.LastLineFeed)
            return Expect(next, '\n', Place.Done);
        if (++_trailerBytes > limits.MaxTrailerBytes)
            return GateFault.TrailerTooLarge;
        return _place switch
        {
            Place.TrailerStart when next == '\r' => Go(Place.LastLineFeed),
            Place.TrailerStart or Place.TrailerName when allowsTrailers && HttpBytes.Token.Contains(next) => Go(Place.TrailerName),
            Place.TrailerName when next == ':' => Go(Place.TrailerValue),
            Place.TrailerValue when next == '\r' => Go(Place.TrailerLineFeed),
            Place.TrailerValue when !HttpBytes.Controls.Contains(next) => GateFault.None,
            Place.TrailerLineFeed when next == '\n' => Go(Place.TrailerStart),
            _ => GateFault.BadTrailer,
        };
    }

    private GateFault Expect(byte next, char wanted, Place then) =>
        next == wanted ? Go(then) : _place == Place.LastLineFeed ? GateFault.BadTrailer : GateFault.BadChunk;

    private GateFault CountLineByte() => ++_lineBytes > limits.MaxChunkLineBytes ? GateFault.ChunkLineTooLong : GateFault.None;

    private GateFault Go(Place place)
    {
        _place = place;
        return GateFault.None;
    }
}
