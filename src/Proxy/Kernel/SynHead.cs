using System.Buffers.Binary;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>The addresses and ports of a TCP SYN, read from the first bytes of an IP packet. Whatever is odd is refused.</summary>
internal readonly record struct SynHead(Address Source, ushort SourcePort, Address Destination, ushort DestinationPort)
{
    private const byte Tcp = 6;
    private const int TcpLength = 20;
    private const byte FlagsThatCount = 0x17; // FIN, SYN, RST, ACK
    private const byte Syn = 0x02;
    private const int LongestExtensionChain = 8;

    public static bool TryParse(ReadOnlySpan<byte> packet, out SynHead head)
    {
        head = default;
        if (packet.IsEmpty)
            return false;
        return (packet[0] >> 4) switch
        {
            4 => TryParseIPv4(packet, out head),
            6 => TryParseIPv6(packet, out head),
            _ => false,
        };
    }

    private static bool TryParseIPv4(ReadOnlySpan<byte> packet, out SynHead head)
    {
        head = default;
        var headerLength = (packet[0] & 0x0f) * 4;
        if (headerLength < 20 || packet.Length < headerLength || packet[9] != Tcp)
            return false;
        // A fragment has no ports, or hides what follows them: more fragments, or an offset.
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3fff) != 0)
            return false;
        return TryParseTcp(packet[headerLength..], packet.Slice(12, 4), packet.Slice(16, 4), out head);
    }

    private static bool TryParseIPv6(ReadOnlySpan<byte> packet, out SynHead head)
    {
        head = default;
        if (packet.Length < 40)
            return false;
        var next = packet[6];
        var rest = packet[40..];
        for (var headers = 0; next != Tcp; headers++)
        {
            if (headers == LongestExtensionChain || !TrySkip(ref next, ref rest))
                return false;
        }
        return TryParseTcp(rest, packet.Slice(8, 16), packet.Slice(24, 16), out head);
    }

    // Hop-by-hop and destination options only: a routing header would make the destination another one.
    private static bool TrySkip(ref byte next, ref ReadOnlySpan<byte> rest)
    {
        if (next is not (0 or 60) || rest.Length < 8)
            return false;
        var length = (rest[1] + 1) * 8;
        if (rest.Length < length)
            return false;
        next = rest[0];
        rest = rest[length..];
        return true;
    }

    private static bool TryParseTcp(ReadOnlySpan<byte> tcp, ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, out SynHead head)
    {
        head = default;
        if (tcp.Length < TcpLength || (tcp[13] & FlagsThatCount) != Syn)
            return false;
        var (from, to) = (Address.FromBytes(source), Address.FromBytes(destination));
        // An IPv6 packet with an IPv4 address in it (RFC 4291 §2.5.5.2: never on the wire) would be judged as another's.
        if (source.Length == 16 && (from.IsIPv4 || to.IsIPv4))
            return false;
        head = new SynHead(from, BinaryPrimitives.ReadUInt16BigEndian(tcp), to, BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]));
        return true;
    }
}
