using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Proxy.Native;

/// <summary>Walks the messages of a datagram, and the attributes of a message; what does not fit ends the walk.</summary>
internal ref struct NetlinkReader(ReadOnlySpan<byte> datagram)
{
    private const int HeaderLength = 16;
    private const int FilterHeaderLength = 4;
    private const ushort ErrorType = 2;

    private ReadOnlySpan<byte> rest = datagram;

    /// <summary>The type of the current message.</summary>
    public ushort Type { get; private set; }

    /// <summary>What follows the current message's header.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    public bool Next()
    {
        if (rest.Length < HeaderLength)
            return false;

        var length = MemoryMarshal.Read<uint>(rest);
        if (length < HeaderLength || length > rest.Length)
            return false;

        Type = MemoryMarshal.Read<ushort>(rest[4..]);
        Body = rest[HeaderLength..(int)length];
        rest = rest[Math.Min(rest.Length, (int)((length + 3) & ~3u))..];
        return true;
    }

    /// <summary>Whether the current message answers one of ours, and with which error (0: done).</summary>
    public readonly bool IsAnswer(out int error)
    {
        error = 0;
        if (Type != ErrorType || Body.Length < 4)
            return false;
        error = -MemoryMarshal.Read<int>(Body);
        return true;
    }

    /// <summary>The number behind the family in the header of a packet-filter message: of a queue its number.</summary>
    public readonly ushort Resource => Body.Length < FilterHeaderLength ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(Body[2..]);

    /// <summary>The attributes of a packet-filter message.</summary>
    public readonly NetlinkAttributes Attributes => new(Body.Length < FilterHeaderLength ? default : Body[FilterHeaderLength..]);
}

/// <summary>Walks attributes; one whose length does not fit ends the walk.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> attributes)
{
    private const int HeaderLength = 4;
    private const int TypeMask = 0x3fff;

    private ReadOnlySpan<byte> rest = attributes;

    public int Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool Next()
    {
        if (rest.Length < HeaderLength)
            return false;

        int length = MemoryMarshal.Read<ushort>(rest);
        if (length < HeaderLength || length > rest.Length)
            return false;

        Type = MemoryMarshal.Read<ushort>(rest[2..]) & TypeMask;
        Value = rest[HeaderLength..length];
        rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
        return true;
    }
}
