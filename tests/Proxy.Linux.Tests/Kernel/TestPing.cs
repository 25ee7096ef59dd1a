using System.Net;
using System.Net.Sockets;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>An echo request, and whether it is answered.</summary>
internal static class TestPing
{
    public static bool IsAnswered(NetworkNamespace from, IPAddress to)
    {
        var ipv4 = to.AddressFamily == AddressFamily.InterNetwork;
        using var inside = from.Enter();
        using var socket = new Socket(to.AddressFamily, SocketType.Raw, ipv4 ? ProtocolType.Icmp : ProtocolType.IcmpV6) { ReceiveTimeout = 300 };
        // Type and code, checksum (which the kernel makes for IPv6), identifier, number.
        byte[] request = ipv4 ? [8, 0, 0x87, 0x8d, 0x70, 0x71, 0, 1] : [128, 0, 0, 0, 0x70, 0x71, 0, 1];
        try
        {
            socket.SendTo(request, new IPEndPoint(to, 0));
            return HasAnswer(socket, ipv4);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.AccessDenied)
        {
            return false;
        }
    }

    // A raw socket sees every message; of IPv4 with the header.
    private static bool HasAnswer(Socket socket, bool ipv4)
    {
        var received = new byte[200];
        while (true)
        {
            var length = socket.Receive(received);
            var message = received.AsSpan(ipv4 ? 20 : 0, length - (ipv4 ? 20 : 0));
            if (message[0] == (ipv4 ? 0 : 129) && message[4] == 0x70)
                return true;
        }
    }
}
