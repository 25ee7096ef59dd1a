using System.Buffers.Binary;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>Who sends an IP packet to whom, by which protocol, and what follows the headers. Whatever is odd is refused.</summary>
internal readonly ref struct IpHead
{
    private const int LongestExtensionChain = 8;
    private const byte Options = 0;
    private const byte Routing = 43;
    private const byte Fragment = 44;
    private const byte DestinationOptions = 60;

    private IpHead(byte protocol, ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, ReadOnlySpan<byte> payload)
    {
        Protocol = protocol;
        Source = Address.FromBytes(source);
        Destination = Address.FromBytes(destination);
        Payload = payload;
    }

    public byte Protocol { get; }

    public Address Source { get; }

    public Address Destination { get; }

    public ReadOnlySpan<byte> Payload { get; }

    public static bool TryParse(ReadOnlySpan<byte> packet, out IpHead head)
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

    private static bool TryParseIPv4(ReadOnlySpan<byte> packet, out IpHead head)
    {
        head = default;
        var headerLength = (packet[0] & 0x0f) * 4;
        if (headerLength < 20 || packet.Length < headerLength)
            return false;
        // A fragment has no ports, or hides what follows them: more fragments, or an offset.
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3fff) != 0)
            return false;
        head = new IpHead(packet[9], packet.Slice(12, 4), packet.Slice(16, 4), packet[headerLength..]);
        return true;
    }

    private static bool TryParseIPv6(ReadOnlySpan<byte> packet, out IpHead head)
    {
        head = default;
        if (packet.Length < 40)
            return false;
        var next = packet[6];
        var rest = packet[40..];
        for (var headers = 0; next is Options or DestinationOptions; headers++)
        {
            if (headers == LongestExtensionChain || !TrySkip(ref next, ref rest))
                return false;
        }
        // A routing header would make the destination another one.
        if (next is Routing or Fragment)
            return false;
        head = new IpHead(next, packet.Slice(8, 16), packet.Slice(24, 16), rest);
        // An IPv6 packet with an IPv4 address in it (RFC 4291 §2.5.5.2: never on the wire) would be judged as another's.
        return !head.Source.IsIPv4 && !head.Destination.IsIPv4;
    }

    private static bool TrySkip(ref byte next, ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 8)
            return false;
        var length = (rest[1] + 1) * 8;
        if (rest.Length < length)
            return false;
        next = rest[0];
        rest = rest[length..];
        return true;
    }
}
