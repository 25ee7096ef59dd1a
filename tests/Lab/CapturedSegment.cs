using System.Buffers.Binary;
using System.Net;

namespace Lab;

/// <summary>One TCP segment out of a capture file, IPv4 or IPv6.</summary>
public sealed record CapturedSegment(IPEndPoint Source, IPEndPoint Destination, byte Flags, uint Sequence, byte[] Payload)
{
    internal const int FileHeader = 24;
    internal const int RecordHeader = 16;
    private const int EthernetHeader = 14;
    private const byte Tcp = 6;

    public bool IsSyn => (Flags & 0x12) == 0x02;

    /// <summary>The first segment of its direction: SYN, or SYN with ACK.</summary>
    public bool BeginsDirection => (Flags & 0x02) != 0;

    /// <summary>The payload begins with a TLS record (handshake, alert, application data or change of cipher).</summary>
    public bool BeginsTlsRecord => Payload.Length >= 5 && Payload[0] is >= 0x14 and <= 0x17 && Payload[1] == 3 && Payload[2] <= 4;

    /// <summary>A ServerHello whose supported_versions extension chose TLS 1.3 (RFC 8446 §4.2.1).</summary>
    public bool IsTls13ServerHello => BeginsTlsRecord && Payload[0] == 0x16 && Payload.Length > 5 && Payload[5] == 2
        && Payload.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x00, 0x2b, 0x00, 0x02, 0x03, 0x04]) > 0;

    public bool Contains(ReadOnlySpan<byte> bytes) => Payload.AsSpan().IndexOf(bytes) >= 0;

    public static IReadOnlyList<CapturedSegment> Read(string path)
    {
        var file = File.ReadAllBytes(path).AsSpan();
        var segments = new List<CapturedSegment>();
        for (var at = FileHeader; at + RecordHeader <= file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(file[(at + 8)..]);
            if (at + RecordHeader + length > file.Length)
            {
                break;
            }

            if (Parse(file.Slice(at + RecordHeader, length)) is { } segment)
            {
                segments.Add(segment);
            }

            at += RecordHeader + length;
        }

        return segments;
    }

    /// <summary>Null for a frame that is not TCP.</summary>
    internal static CapturedSegment? Parse(ReadOnlySpan<byte> frame)
    {
        var packet = frame.Length > EthernetHeader ? frame[EthernetHeader..] : [];
        return (packet.IsEmpty ? 0 : packet[0] >> 4) switch
        {
            4 when packet[9] == Tcp => ParseTcp(
                packet[12..16], packet[16..20], packet[((packet[0] & 15) * 4)..BinaryPrimitives.ReadUInt16BigEndian(packet[2..])]),
            6 when packet[6] == Tcp => ParseTcp(
                packet[8..24], packet[24..40], packet.Slice(40, BinaryPrimitives.ReadUInt16BigEndian(packet[4..]))),
            _ => null,
        };
    }

    private static CapturedSegment ParseTcp(ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, ReadOnlySpan<byte> tcp) => new(
        new(new IPAddress(source), BinaryPrimitives.ReadUInt16BigEndian(tcp)),
        new(new IPAddress(destination), BinaryPrimitives.ReadUInt16BigEndian(tcp[2..])),
        tcp[13],
        BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
        tcp[((tcp[12] >> 4) * 4)..].ToArray());
}
