using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>Writes one packet-filter netlink message into a buffer of the caller.</summary>
internal ref struct NetlinkWriter
{
    private const int HeaderLength = 16;
    private const int Alignment = 4;
    private const ushort Nested = 0x8000;
    private const ushort BigEndianValue = 0x4000;

    private readonly Span<byte> buffer;
    private int length;

    public NetlinkWriter(Span<byte> buffer, ushort type, ushort flags, byte family, ushort resource)
    {
        this.buffer = buffer;
        buffer.Clear();
        Native(4, type);
        Native(6, flags);
        buffer[HeaderLength] = family;
        BinaryPrimitives.WriteUInt16BigEndian(buffer[(HeaderLength + 2)..], resource);
        length = HeaderLength + 4;
    }

    public void Add(ushort attribute, scoped ReadOnlySpan<byte> value)
    {
        var start = Begin(attribute);
        value.CopyTo(buffer[length..]);
        length += value.Length;
        End(start);
    }

    public void AddByte(ushort attribute, byte value) => Add(attribute, [value]);

    /// <summary>Adds a 16-bit number in network order, marked as such.</summary>
    public void AddPort(ushort attribute, ushort value) =>
        Add((ushort)(attribute | BigEndianValue), [(byte)(value >> 8), (byte)value]);

    /// <summary>Adds a 32-bit number in network order.</summary>
    public void AddNumber(ushort attribute, uint value, bool isMarked = false)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Add(isMarked ? (ushort)(attribute | BigEndianValue) : attribute, bytes);
    }

    /// <summary>Adds bytes that are in network order already, marked as such.</summary>
    public void AddMarked(ushort attribute, scoped ReadOnlySpan<byte> value) => Add((ushort)(attribute | BigEndianValue), value);

    public int BeginNested(ushort attribute) => Begin((ushort)(attribute | Nested));

    public void End(int start)
    {
        Native(start, (ushort)(length - start));
        length = (length + Alignment - 1) & ~(Alignment - 1);
    }

    public readonly ReadOnlySpan<byte> Finish()
    {
        var total = (uint)length;
        MemoryMarshal.Write(buffer, total);
        return buffer[..length];
    }

    private int Begin(ushort attribute)
    {
        var start = length;
        Native(start + 2, attribute);
        length += Alignment;
        return start;
    }

    private readonly void Native(int at, ushort value) => MemoryMarshal.Write(buffer[at..], value);
}
