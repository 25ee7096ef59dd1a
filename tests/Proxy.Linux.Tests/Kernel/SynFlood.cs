using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>Sends bare SYNs from ever other ports.</summary>
internal static class SynFlood
{
    public static void Send(NetworkNamespace place, IPAddress source, IPAddress destination, int count)
    {
        using var socket = NewRawSocket(place);
        var syn = new byte[20];
        var target = new IPEndPoint(destination, 0);
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(syn, (ushort)(1024 + i));
            BinaryPrimitives.WriteUInt16BigEndian(syn.AsSpan(2), 80);
            (syn[12], syn[13]) = (0x50, 0x02);
            BinaryPrimitives.WriteUInt16BigEndian(syn.AsSpan(16), 0);
            BinaryPrimitives.WriteUInt16BigEndian(syn.AsSpan(16), Checksum(source, destination, syn));
            socket.SendTo(syn, target);
        }
    }

    private static Socket NewRawSocket(NetworkNamespace place)
    {
        using var inside = place.Enter();
        return new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Tcp);
    }

    private static ushort Checksum(IPAddress source, IPAddress destination, byte[] segment)
    {
        byte[] all = [.. source.GetAddressBytes(), .. destination.GetAddressBytes(), 0, 6, 0, (byte)segment.Length, .. segment];
        uint sum = 0;
        for (var i = 0; i < all.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(all.AsSpan(i));
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~((sum & 0xffff) + (sum >> 16));
    }
}
