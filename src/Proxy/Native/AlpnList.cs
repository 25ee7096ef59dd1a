using System.Buffers.Binary;

namespace Proxy.Native;

/// <summary>Names of protocols as ALPN carries them (RFC 7301 §3.1), where libssl can read them as long as the process lives.</summary>
internal sealed unsafe class AlpnList
{
    // Pinned, and kept from the collector by Kept: contexts hold no more than the address.
    private static readonly List<byte[]> Kept = [];

    private readonly byte[] _bytes;

    /// <param name="names">Each 1 to 255 bytes long.</param>
    internal AlpnList(params ReadOnlyMemory<byte>[] names)
    {
        var length = names.Sum(name => 1 + name.Length);
        _bytes = GC.AllocateArray<byte>(sizeof(ushort) + length, pinned: true);
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes, checked((ushort)length));
        var at = sizeof(ushort);
        foreach (var name in names)
        {
            _bytes[at++] = checked((byte)name.Length);
            name.Span.CopyTo(_bytes.AsSpan(at));
            at += name.Length;
        }

        lock (Kept)
            Kept.Add(_bytes);
    }

    /// <summary>Length and list, for <see cref="Read"/>.</summary>
    internal byte* Start
    {
        get
        {
            // The array is pinned: its address outlives the statement.
            fixed (byte* start = _bytes)
                return start;
        }
    }

    internal byte* List => Start + sizeof(ushort);

    internal uint Length => (uint)(_bytes.Length - sizeof(ushort));

    internal static byte* Read(byte* start, out uint length)
    {
        length = BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(start, sizeof(ushort)));
        return start + sizeof(ushort);
    }
}
