using System.Text;

namespace Proxy.Native;

/// <summary>The messages of ipset, for sets of the type hash:ip,port.</summary>
internal static class NetlinkSet
{
    /// <summary>Enough for every message written here.</summary>
    public const int MessageLength = 160;

    /// <summary>Adds an entry, or renews the time of one that is there. The port of ICMP is type × 256 + code.</summary>
    public static ReadOnlySpan<byte> Add(Span<byte> buffer, string set, scoped ReadOnlySpan<byte> address, byte protocol, ushort port, uint seconds)
    {
        var writer = Begin(buffer, CommandAdd, address.Length == 4 ? FamilyIPv4 : FamilyIPv6, set);
        var data = BeginEntry(ref writer, address, protocol, port);
        writer.AddNumber(DataTimeout, seconds, isMarked: true);
        writer.End(data);
        return writer.Finish();
    }

    /// <summary>Removes an entry; one that is not there is no error.</summary>
    public static ReadOnlySpan<byte> Delete(Span<byte> buffer, string set, scoped ReadOnlySpan<byte> address, byte protocol, ushort port)
    {
        var writer = Begin(buffer, CommandDelete, address.Length == 4 ? FamilyIPv4 : FamilyIPv6, set);
        writer.End(BeginEntry(ref writer, address, protocol, port));
        return writer.Finish();
    }

    private static int BeginEntry(ref NetlinkWriter writer, scoped ReadOnlySpan<byte> address, byte protocol, ushort port)
    {
        var data = writer.BeginNested(Data);
        var ip = writer.BeginNested(DataAddress);
        writer.AddMarked(address.Length == 4 ? AddressIPv4 : AddressIPv6, address);
        writer.End(ip);
        writer.AddPort(DataPort, port);
        writer.AddByte(DataProtocol, protocol);
        return data;
    }

    /// <summary>Empties a set.</summary>
    public static ReadOnlySpan<byte> Flush(Span<byte> buffer, string set) => Begin(buffer, CommandFlush, 0, set).Finish();

    /// <summary>Whether the kernel says that there is no set of the name.</summary>
    public static bool TellsOfNoSet(ReadOnlySpan<byte> datagram)
    {
        var reader = new NetlinkReader(datagram);
        return reader.Next() && reader.IsAnswer(out var error) && error == ErrorNoEntry;
    }

    private static NetlinkWriter Begin(Span<byte> buffer, ushort command, byte family, string set)
    {
        Span<byte> name = stackalloc byte[LongestName + 1];
        name.Clear();
        var length = Encoding.ASCII.GetBytes(set, name[..LongestName]);
        var writer = new NetlinkWriter(buffer, (ushort)(Subsystem | command), Request, family, 0);
        writer.AddByte(Protocol, ProtocolVersion);
        writer.Add(SetName, name[..(length + 1)]);
        return writer;
    }

    private const int ErrorNoEntry = 2;
    private const ushort Subsystem = 6 << 8;
    private const ushort Request = 1;
    private const ushort CommandFlush = 4;
    private const ushort CommandAdd = 9;
    private const ushort CommandDelete = 10;
    private const byte FamilyIPv4 = 2;
    private const byte FamilyIPv6 = 10;
    private const ushort Protocol = 1;
    private const byte ProtocolVersion = 6; // the oldest that kernels in use understand, and enough
    private const ushort SetName = 2;
    private const int LongestName = 31;
    private const ushort Data = 7;
    private const ushort DataAddress = 1;
    private const ushort AddressIPv4 = 1;
    private const ushort AddressIPv6 = 2;
    private const ushort DataPort = 4;
    private const ushort DataTimeout = 6;
    private const ushort DataProtocol = 7;
}
