using System.Buffers.Binary;

namespace Proxy.Native;

/// <summary>The rules of nf_tables in a network namespace, as a whole.</summary>
internal static class NetlinkRules
{
    /// <summary>A number that the kernel changes with every change of rules, whoever makes it; null: it does not say.</summary>
    public static uint? ReadGeneration(NetworkNamespace place)
    {
        Span<byte> buffer = stackalloc byte[MessageLength];
        try
        {
            using var socket = NetlinkSocket.Open(place, MessageLength);
            // Answered before the call returns (net/netfilter/nf_tables_api.c, nf_tables_getgen).
            if (!socket.TrySend(new NetlinkWriter(buffer, Subsystem | CommandGet, Request, 0, 0).Finish())
                || socket.Receive(buffer, out var length) != NetlinkReceive.Message)
                return null;
            var reader = new NetlinkReader(buffer[..length]);
            return reader.Next() && reader.Type == (Subsystem | AnswerNew) ? NumberOf(reader.Attributes) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static uint? NumberOf(NetlinkAttributes attributes)
    {
        while (attributes.Next())
        {
            if (attributes.Type == Number && attributes.Value.Length == sizeof(uint))
                return BinaryPrimitives.ReadUInt32BigEndian(attributes.Value);
        }

        return null;
    }

    private const int MessageLength = 512;
    private const ushort Subsystem = 10 << 8;
    private const ushort AnswerNew = 15;
    private const ushort CommandGet = 16;
    private const ushort Request = 1;
    private const int Number = 1;
}
