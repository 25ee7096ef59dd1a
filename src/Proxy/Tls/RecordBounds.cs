using System.Buffers.Binary;

namespace Proxy.Tls;

/// <summary>
/// Follows where TLS 1.3 records begin and end in the bytes of one direction (RFC 8446 §5.1), and how much the whole
/// ones can hold.
/// </summary>
internal struct RecordBounds
{
    /// <summary>What <see cref="Plaintext"/> is while a record is incomplete.</summary>
    public const int Unknown = -1;

    private const int HeaderSize = 5;

    // Header, content type and tag of a record without padding (RFC 8446 §5.2, §5.3).
    private const int Overhead = HeaderSize + 1 + 16;

    private int _length;
    private int _missing;
    private bool _isLost;

    /// <summary>
    /// Bytes of plaintext in the records that were completed by the last bytes taken, if nothing came behind them, and
    /// every record is full of the application's bytes; a reader that was given as many has all there was.
    /// </summary>
    public int Plaintext { get; private set; }

    /// <summary>How often bytes were taken; tells whether <see cref="Plaintext"/> is of the same ones as before.</summary>
    public uint Count { get; private set; }

    public void Take(ReadOnlySpan<byte> bytes)
    {
        Count++;
        var completed = 0;
        while (!_isLost && !bytes.IsEmpty)
        {
            if (_missing == 0)
                Begin(bytes);
            var taken = Math.Min(_missing, bytes.Length);
            bytes = bytes[taken..];
            _missing -= taken;
            completed += _missing == 0 ? Math.Max(_length - Overhead, 0) : 0;
        }

        Plaintext = _isLost || _missing > 0 ? Unknown : completed;
    }

    private void Begin(ReadOnlySpan<byte> bytes)
    {
        // A header in two parts is rare, and not worth a buffer: from then on nobody knows.
        _isLost = bytes.Length < HeaderSize;
        _missing = _length = _isLost ? 0 : HeaderSize + BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
    }
}
