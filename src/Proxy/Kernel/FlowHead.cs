using System.Buffers.Binary;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>
/// Who sends what to whom, of a packet that is not TCP. Of ICMP the type stands as destination port; a protocol without
/// ports has ports 0. Whatever is odd is refused.
/// </summary>
internal readonly record struct FlowHead(
    TransportProtocol Protocol, Address Source, ushort SourcePort, Address Destination, ushort DestinationPort, byte Code)
{
    private const byte UdpLite = 136;

    public static bool TryParse(ReadOnlySpan<byte> packet, out FlowHead head)
    {
        head = default;
        if (!IpHead.TryParse(packet, out var ip))
            return false;
        var protocol = (TransportProtocol)ip.Protocol;
        switch (protocol)
        {
            case TransportProtocol.Tcp:
                return false;
            case TransportProtocol.Icmp or TransportProtocol.IcmpV6:
                return TryParseIcmp(ip, protocol, out head);
            case TransportProtocol.Udp or TransportProtocol.Sctp or (TransportProtocol)UdpLite:
                return TryParsePorts(ip, protocol, out head);
            default:
                head = new FlowHead(protocol, ip.Source, 0, ip.Destination, 0, 0);
                return true;
        }
    }

    /// <summary>What the first packet of the flow showed in which this one goes back; null: no packet of this type does.</summary>
    public FlowHead? FirstOfFlow()
    {
        if (Protocol is not (TransportProtocol.Icmp or TransportProtocol.IcmpV6))
            return new FlowHead(Protocol, Destination, DestinationPort, Source, SourcePort, 0);
        return RequestType() is { } request ? new FlowHead(Protocol, Destination, 0, Source, request, Code) : null;
    }

    // RFC 792, 950, 4443, 4620: echo, timestamp, information, address mask; echo, node information.
    private ushort? RequestType() => (Protocol, DestinationPort) switch
    {
        (TransportProtocol.Icmp, 0) => 8,
        (TransportProtocol.Icmp, 14 or 16 or 18) or (TransportProtocol.IcmpV6, 129 or 140) => (ushort)(DestinationPort - 1),
        _ => null,
    };

    private static bool TryParseIcmp(in IpHead ip, TransportProtocol protocol, out FlowHead head)
    {
        head = default;
        if (ip.Payload.Length < 4 || ip.Source.IsIPv4 != (protocol == TransportProtocol.Icmp))
            return false;
        head = new FlowHead(protocol, ip.Source, 0, ip.Destination, ip.Payload[0], ip.Payload[1]);
        return true;
    }

    private static bool TryParsePorts(in IpHead ip, TransportProtocol protocol, out FlowHead head)
    {
        head = default;
        if (ip.Payload.Length < 4)
            return false;
        var (from, to) = (BinaryPrimitives.ReadUInt16BigEndian(ip.Payload), BinaryPrimitives.ReadUInt16BigEndian(ip.Payload[2..]));
        head = new FlowHead(protocol, ip.Source, from, ip.Destination, to, 0);
        return true;
    }
}
