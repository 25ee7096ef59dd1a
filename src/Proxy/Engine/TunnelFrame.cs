using System.Buffers.Binary;

namespace Proxy.Engine;

/// <summary>What a frame of a tunnel says (docs/TUNNEL.md, "Frames").</summary>
internal enum FrameType : byte
{
    /// <summary>Client's node: a stream begins. Payload: the client's port, and whether the server may see it.</summary>
    Open = 1,

    /// <summary>Server's node: the server has been reached.</summary>
    Accept = 2,

    /// <summary>Server's node: there will be no stream. Payload: the reason and what is known about it.</summary>
    Refuse = 3,

    /// <summary>Bytes of the application.</summary>
    Data = 4,

    /// <summary>No more bytes in this direction.</summary>
    End = 5,

    /// <summary>The stream is broken, and the tunnel ends with it.</summary>
    Reset = 6,

    /// <summary>Server's node: no stream above this number will be delivered.</summary>
    Retire = 7,
}

/// <summary>The header of a frame: type 1 byte, length of the payload 3 bytes, number of the stream 4 bytes, network order.</summary>
internal readonly record struct TunnelFrame(FrameType Type, int Length, uint Stream)
{
    internal const int HeaderSize = 8;

    /// <summary>As much as a lane's buffer holds.</summary>
    internal const int MaximumData = 32 * 1024;

    /// <summary>A frame that carries a longer reason is a fault.</summary>
    internal const int MaximumRefusal = 512;

    /// <summary>Whether the type allows this length; false for a type that nobody knows.</summary>
    internal bool HasValidLength => Type switch
    {
        FrameType.Open => Length == StreamOpening.Size,
        FrameType.Refuse => Length is > 0 and <= MaximumRefusal,
        FrameType.Data => Length is > 0 and <= MaximumData,
        _ => Length == 0,
    };

    internal static TunnelFrame Read(ReadOnlySpan<byte> header) => new(
        (FrameType)header[0],
        (int)(BinaryPrimitives.ReadUInt32BigEndian(header) & 0x00ff_ffff),
        BinaryPrimitives.ReadUInt32BigEndian(header[4..]));

    internal void Write(Span<byte> header)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header, (uint)Length | ((uint)Type << 24));
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], Stream);
    }
}

/// <summary>The payload of <see cref="FrameType.Open"/>.</summary>
/// <param name="ClientPort">The client's port as the client's node sees it.</param>
/// <param name="MayKeepPort">Whether the server may see that port: the client's node knows that no tunnel uses it.</param>
internal readonly record struct StreamOpening(ushort ClientPort, bool MayKeepPort)
{
    internal const int Size = 3;

    /// <summary>False when a bit is set that nobody knows.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> payload, out StreamOpening opening)
    {
        opening = new StreamOpening(BinaryPrimitives.ReadUInt16BigEndian(payload), payload[2] == 1);
        return payload[2] <= 1;
    }

    internal void Write(Span<byte> payload)
    {
        BinaryPrimitives.WriteUInt16BigEndian(payload, ClientPort);
        payload[2] = MayKeepPort ? (byte)1 : (byte)0;
    }
}
