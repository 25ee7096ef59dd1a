using System.Buffers.Binary;
using Proxy.Policy;

namespace Proxy.Native;

/// <summary>sockaddr_in and sockaddr_in6 (include/uapi/linux/in.h, in6.h) from and to an <see cref="Endpoint"/>.</summary>
internal static unsafe class SocketAddress
{
    internal const int MaximumLength = 28;
    private const int LengthV4 = 16, FamilyV4 = 2, FamilyV6 = 10;

    /// <summary>Writes at most <see cref="MaximumLength"/> bytes and returns how many.</summary>
    internal static int Write(Endpoint endpoint, byte* raw)
    {
        var span = new Span<byte>(raw, MaximumLength);
        span.Clear();
        var ipv4 = endpoint.Address.IsIPv4;
        *(ushort*)raw = (ushort)(ipv4 ? FamilyV4 : FamilyV6);
        BinaryPrimitives.WriteUInt16BigEndian(span[2..], endpoint.Port);
        endpoint.Address.WriteBytes(span[(ipv4 ? 4 : 8)..]);
        return ipv4 ? LengthV4 : MaximumLength;
    }

    internal static Endpoint Read(byte* raw, int length)
    {
        var span = new ReadOnlySpan<byte>(raw, Math.Min(length, MaximumLength));
        if (span.Length < LengthV4)
            return default;
        var port = BinaryPrimitives.ReadUInt16BigEndian(span[2..]);
        return *(ushort*)raw switch
        {
            FamilyV4 => new Endpoint(Address.FromBytes(span.Slice(4, 4)), port),
            FamilyV6 when span.Length == MaximumLength => new Endpoint(Address.FromBytes(span.Slice(8, 16)), port),
            _ => default,
        };
    }
}
