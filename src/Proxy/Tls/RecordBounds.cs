using System.Buffers.Binary;

namespace Proxy.Tls;

/// <summary>Follows where TLS records begin and end in the bytes of one direction (RFC 8446 §5.1).</summary>
internal struct RecordBounds
{
    private const int HeaderSize = 5;

    private int _missing;
    private bool _isLost;

    /// <summary>Length of the only record that was taken since <see cref="Ask"/>, header included; 0 when it was not one, alone and whole.</summary>
    public int Lone { get; private set; }

    /// <summary>How often bytes were taken; tells whether <see cref="Lone"/> is of the same ones as before.</summary>
    public uint Count { get; private set; }

    /// <summary>The reader holds no whole record and asks for bytes.</summary>
    public void Ask() => Lone = 0;

    public void Take(ReadOnlySpan<byte> bytes)
    {
        Count++;
        var wasBetween = _missing == 0 && !_isLost;
        Lone = wasBetween && LengthOf(bytes) == bytes.Length ? bytes.Length : 0;
        while (!_isLost && bytes.Length > _missing)
        {
            bytes = bytes[_missing..];
            _missing = LengthOf(bytes);
            // A header in two parts is rare, and not worth a buffer: from then on nobody knows.
            _isLost = _missing == 0;
        }

        _missing -= bytes.Length;
    }

    private static int LengthOf(ReadOnlySpan<byte> bytes) =>
        bytes.Length < HeaderSize ? 0 : HeaderSize + BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
}
