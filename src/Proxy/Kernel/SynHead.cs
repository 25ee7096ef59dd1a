using System.Buffers.Binary;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>The addresses and ports of a TCP SYN, read from the first bytes of an IP packet. Whatever is odd is refused.</summary>
internal readonly record struct SynHead(Address Source, ushort SourcePort, Address Destination, ushort DestinationPort)
{
    private const int TcpLength = 20;
    private const byte FlagsThatCount = 0x17; // FIN, SYN, RST, ACK
    private const byte Syn = 0x02;

    public static bool TryParse(ReadOnlySpan<byte> packet, out SynHead head)
    {
        head = default;
        if (!IpHead.TryParse(packet, out var ip) || ip.Protocol != (byte)TransportProtocol.Tcp)
            return false;
        var tcp = ip.Payload;
        if (tcp.Length < TcpLength || (tcp[13] & FlagsThatCount) != Syn)
            return false;
        head = new SynHead(ip.Source, BinaryPrimitives.ReadUInt16BigEndian(tcp), ip.Destination, BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]));
        return true;
    }
}
