using System.Buffers.Binary;

namespace Proxy.Native;

/// <summary>Where the kernel holds a queued packet.</summary>
internal enum PacketHook : byte
{
    Prerouting = 0,
    LocalIn = 1,
    Forward = 2,
    LocalOut = 3,
    Postrouting = 4,
}

/// <summary>A packet that waits for a verdict, and its first bytes.</summary>
internal ref struct QueuedPacket
{
    public uint Id;
    public ushort Queue;
    public uint Mark;
    public PacketHook Hook;
    public ReadOnlySpan<byte> Head; // empty: the kernel sent none
}

/// <summary>The messages of NFQUEUE.</summary>
internal static class NetlinkQueue
{
    /// <summary>Enough for every message written here.</summary>
    public const int MessageLength = 64;

    /// <summary>How much a queued packet's message has beside the packet's head, generously.</summary>
    public const int Overhead = 512;

    public const int ErrorNoPermission = 1;
    public const int ErrorBusy = 16;

    public static ReadOnlySpan<byte> Bind(Span<byte> buffer, ushort queue)
    {
        var writer = new NetlinkWriter(buffer, ConfigType, Request | Acknowledge, 0, queue);
        writer.Add(ConfigCommand, [CommandBind, 0, 0, 0]);
        return writer.Finish();
    }

    /// <summary>Asks for the first bytes of each packet.</summary>
    public static ReadOnlySpan<byte> CopyHead(Span<byte> buffer, ushort queue, int headLength)
    {
        Span<byte> parameters = stackalloc byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(parameters, (uint)headLength);
        parameters[4] = CopyPacket;
        var writer = new NetlinkWriter(buffer, ConfigType, Request | Acknowledge, 0, queue);
        writer.Add(ConfigParameters, parameters);
        return writer.Finish();
    }

    /// <summary>Bounds the packets that may wait; what comes on top is dropped. Every flag is off, fail-open before all.</summary>
    public static ReadOnlySpan<byte> Limit(Span<byte> buffer, ushort queue, int maxLength)
    {
        var writer = new NetlinkWriter(buffer, ConfigType, Request | Acknowledge, 0, queue);
        writer.AddNumber(ConfigMaxLength, (uint)maxLength);
        writer.AddNumber(ConfigFlags, 0);
        writer.AddNumber(ConfigMask, FlagFailOpen);
        return writer.Finish();
    }

    /// <param name="buffer">Where the message is written.</param>
    /// <param name="queue">The queue in which the packet waits.</param>
    /// <param name="id">The packet's number.</param>
    /// <param name="isAccepted">Otherwise it is dropped.</param>
    /// <param name="mark">The whole mark that the packet gets; null leaves it as it is.</param>
    public static ReadOnlySpan<byte> Verdict(Span<byte> buffer, ushort queue, uint id, bool isAccepted, uint? mark = null)
    {
        Span<byte> verdict = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(verdict, isAccepted ? VerdictAccept : VerdictDrop);
        BinaryPrimitives.WriteUInt32BigEndian(verdict[4..], id);
        var writer = new NetlinkWriter(buffer, VerdictType, Request, 0, queue);
        writer.Add(VerdictHeader, verdict);
        if (mark is { } value)
            writer.AddNumber(Mark, value);
        return writer.Finish();
    }

    /// <summary>Reads a message of the kernel; false: not a packet, or without the number needed to answer.</summary>
    public static bool TryRead(in NetlinkReader reader, out QueuedPacket packet)
    {
        packet = default;
        if (reader.Type != PacketType)
            return false;
        packet.Queue = reader.Resource;

        var hasId = false;
        var attributes = reader.Attributes;
        while (attributes.Next())
        {
            if (attributes.Type == PacketHeader && attributes.Value.Length >= 7)
            {
                packet.Id = BinaryPrimitives.ReadUInt32BigEndian(attributes.Value);
                packet.Hook = (PacketHook)attributes.Value[6];
                hasId = true;
            }
            else if (attributes.Type == Mark && attributes.Value.Length >= 4)
            {
                packet.Mark = BinaryPrimitives.ReadUInt32BigEndian(attributes.Value);
            }
            else if (attributes.Type == PacketPayload)
            {
                packet.Head = attributes.Value;
            }
        }
        return hasId;
    }

    private const ushort Subsystem = 3 << 8;
    private const ushort PacketType = Subsystem | 0;
    private const ushort VerdictType = Subsystem | 1;
    private const ushort ConfigType = Subsystem | 2;
    private const ushort Request = 1;
    private const ushort Acknowledge = 4;
    private const ushort ConfigCommand = 1;
    private const ushort ConfigParameters = 2;
    private const ushort ConfigMaxLength = 3;
    private const ushort ConfigMask = 4;
    private const ushort ConfigFlags = 5;
    private const ushort PacketHeader = 1;
    private const ushort VerdictHeader = 2;
    private const ushort Mark = 3;
    private const ushort PacketPayload = 10;
    private const byte CommandBind = 1;
    private const byte CopyPacket = 2;
    private const uint FlagFailOpen = 1;
    private const uint VerdictDrop = 0;
    private const uint VerdictAccept = 1;
}
