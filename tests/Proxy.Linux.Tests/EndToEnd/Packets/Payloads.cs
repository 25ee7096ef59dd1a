using System.Buffers.Binary;
using System.Numerics;
using Proxy.Policy;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>What is sent behind the IP header, and the number found again in what arrives.</summary>
internal static class Payloads
{
    private const int IPv4Header = 20;
    private const int UdpHeader = 8;
    private const int SctpTag = 16;
    private const int IcmpTag = 20;
    private const uint Mark = 0x6e70_7278;

    public static byte[] Of(Packet packet) => packet.Protocol switch
    {
        TransportProtocol.Udp => Tagged(packet.Id, 0),
        TransportProtocol.Sctp => Sctp(packet),
        TransportProtocol.Icmp or TransportProtocol.IcmpV6 => Icmp(packet),
        _ => Tagged(packet.Id, 0),
    };

    /// <summary>False: something else.</summary>
    public static bool TryRead(ReadOnlySpan<byte> received, TransportProtocol protocol, bool ipv4, out uint id)
    {
        id = 0;
        var at = (ipv4 ? IPv4Header : 0) + protocol switch
        {
            TransportProtocol.Udp => UdpHeader,
            TransportProtocol.Sctp => SctpTag,
            TransportProtocol.Icmp or TransportProtocol.IcmpV6 => IcmpTag,
            _ => 0,
        };
        // An echo holds the request's bytes: only requests count.
        var type = received.Length > at && protocol is TransportProtocol.Icmp or TransportProtocol.IcmpV6 ? received[at - IcmpTag] : (byte)255;
        var isAnswer = (protocol, type) is (TransportProtocol.Icmp, 0 or 14) or (TransportProtocol.IcmpV6, 129);
        if (received.Length < at + 8 || isAnswer)
            return false;
        var (first, second) = (BinaryPrimitives.ReadUInt32BigEndian(received[at..]), BinaryPrimitives.ReadUInt32BigEndian(received[(at + 4)..]));
        id = protocol == TransportProtocol.Sctp ? first : second;
        return protocol == TransportProtocol.Sctp || first == Mark;
    }

    private static byte[] Tagged(uint id, int at)
    {
        var bytes = new byte[at + 8];
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), Mark);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at + 4), id);
        return bytes;
    }

    // Long enough for a timestamp. The kernel makes the checksum of ICMPv6.
    private static byte[] Icmp(Packet packet)
    {
        var bytes = Tagged(packet.Id, IcmpTag);
        bytes[0] = (byte)packet.Port;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)packet.Id);
        if (packet.IsIPv4)
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), ChecksumOf(bytes));
        return bytes;
    }

    // INIT, as RFC 9260 §3.3.2: the initiate tag holds the number.
    private static byte[] Sctp(Packet packet)
    {
        var bytes = new byte[32];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(20_000 + (packet.Id % 40_000)));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), packet.Port);
        (bytes[12], bytes[15]) = (1, 20);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(SctpTag), packet.Id);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(20), 65_536);
        (bytes[25], bytes[27]) = (1, 1);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(28), packet.Id);
        var sum = uint.MaxValue;
        foreach (var one in bytes)
            sum = BitOperations.Crc32C(sum, one);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), ~sum);
        return bytes;
    }

    private static ushort ChecksumOf(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var i = 0; i < bytes.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~((sum & 0xffff) + (sum >> 16));
    }
}
