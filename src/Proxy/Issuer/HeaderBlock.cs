namespace Proxy.Issuer;

/// <summary>
/// The fields of a compressed header block, byte by byte (RFC 7541 §5, §6): as much of it as it takes to find the value of
/// <c>:authority</c>, and to put as long a one in its place. No table is kept: that name is number 1 of the static one.
/// </summary>
internal sealed class HeaderBlock
{
    private const int Authority = 1;
    private const byte Huffman = 0x80;
    private const byte Neutral = (byte)'x';

    // An X is eight bits long in that code (RFC 7541, appendix B): as many bytes, as many letters, and no padding.
    private const byte NeutralInHuffman = 0xFC;

    // Longer ones are nobody's, and Kestrel refuses the block.
    private const int MostShift = 21;

    private enum Part
    {
        Field,
        Index,
        NameLength,
        Name,
        ValueLength,
        Value,
        Lost,
    }

    private Part _part;
    private int _number;
    private int _shift; // below 0: the number's first byte is to come
    private bool _isLiteral;
    private bool _isAuthority;
    private byte _neutral;

    /// <summary>Another block begins.</summary>
    public void Begin() => Expect(Part.Field);

    /// <summary>Takes the next byte; one of the authority is another afterwards.</summary>
    public void Read(ref byte value)
    {
        if (_part is Part.Name or Part.Value)
            ReadText(ref value);
        else if (_part != Part.Lost && TryReadNumber(value))
            TakeNumber();
    }

    private void ReadText(ref byte value)
    {
        if (_part == Part.Value && _isAuthority)
            value = _neutral;
        if (--_number == 0)
            Expect(_part == Part.Name ? Part.ValueLength : Part.Field);
    }

    private bool TryReadNumber(byte value)
    {
        if (_shift < 0)
        {
            var mask = MaskOf(value);
            _number = value & mask;
            _shift = 0;
            return _number < mask;
        }

        _number += (value & 0x7F) << _shift;
        _shift += 7;
        if (_shift > MostShift)
            _part = Part.Lost;
        return _part != Part.Lost && value < 0x80;
    }

    /// <summary>The bits of a first byte that are of its number; what the others say is noted.</summary>
    private int MaskOf(byte value)
    {
        if (_part != Part.Field)
        {
            _neutral = (value & Huffman) == 0 ? Neutral : NeutralInHuffman;
            return 0x7F;
        }

        _part = Part.Index;
        // An indexed field and a new size of the table have no value.
        _isLiteral = value < 0x80 && (value & 0xE0) != 0x20;
        return value >= 0x80 ? 0x7F : value >= 0x40 ? 0x3F : value >= 0x20 ? 0x1F : 0x0F;
    }

    private void TakeNumber()
    {
        if (_part == Part.Index)
        {
            _isAuthority = _number == Authority;
            Expect(!_isLiteral ? Part.Field : _number == 0 ? Part.NameLength : Part.ValueLength);
        }
        else if (_number > 0)
        {
            _part = _part == Part.NameLength ? Part.Name : Part.Value;
        }
        else
        {
            Expect(_part == Part.NameLength ? Part.ValueLength : Part.Field);
        }
    }

    private void Expect(Part part)
    {
        _part = part;
        _shift = -1;
    }
}
