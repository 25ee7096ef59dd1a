using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Proxy.Linux.Tests.Kernel;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>A station of the lab, with sockets that hear everything that reaches it.</summary>
internal sealed class Machine : IDisposable
{
    public static readonly ushort[] TcpPorts = [80, 81, 443, 8080];

    /// <summary>Reserved for experiments (RFC 3692).</summary>
    public const TransportProtocol Other = (TransportProtocol)253;

    private readonly Station station;
    private readonly NetworkNamespace place;
    private readonly List<Socket> sockets = [];
    private readonly ConcurrentDictionary<uint, byte> arrived = [];

    public Machine(Station station, string networkNamespace)
    {
        this.station = station;
        place = NetworkNamespace.Open(networkNamespace);
        foreach (var ipv4 in (bool[])[true, false])
        {
            foreach (var protocol in (TransportProtocol[])[TransportProtocol.Udp, TransportProtocol.Sctp, IcmpOf(ipv4), Other])
                _ = HearAsync(Keep(() => RawSocket.Open(FamilyOf(ipv4), (int)protocol)), protocol, ipv4);
            foreach (var port in TcpPorts)
                _ = AcceptAsync(Listen(ipv4, port));
        }
    }

    public static TransportProtocol IcmpOf(bool ipv4) => ipv4 ? TransportProtocol.Icmp : TransportProtocol.IcmpV6;

    public bool HasHeard(Packet packet) => arrived.ContainsKey(packet.Id);

    /// <summary>Sends one; what the kernel drops on its way out is no error.</summary>
    public void Send(Packet packet)
    {
        var target = AddressOf(packet.To, packet.IsIPv4);
        try
        {
            using var socket = NewSender(packet);
            socket.SendTo(Payloads.Of(packet), new IPEndPoint(target, packet.Protocol == TransportProtocol.Udp ? packet.Port : 0));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            // Dropped by a rule.
        }
    }

    /// <summary>Dials, and asks.</summary>
    public async Task DialAsync(Packet packet, CancellationToken stop)
    {
        try
        {
            using var socket = Open(() => new Socket(FamilyOf(packet.IsIPv4), SocketType.Stream, ProtocolType.Tcp));
            await socket.ConnectAsync(AddressOf(packet.To, packet.IsIPv4), packet.Port, stop);
            await socket.SendAsync(packet.RequestBytes, stop);
            await socket.ReceiveAsync(new byte[1], stop);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Refused: what arrived tells.
        }
    }

    public void Dispose()
    {
        sockets.ForEach(socket => socket.Dispose());
        place.Dispose();
    }

    private Socket NewSender(Packet packet)
    {
        if (packet.Protocol != TransportProtocol.Udp)
            return Open(() => RawSocket.Open(FamilyOf(packet.IsIPv4), (int)packet.Protocol));
        return Open(() => new Socket(FamilyOf(packet.IsIPv4), SocketType.Dgram, ProtocolType.Udp));
    }

    private Socket Open(Func<Socket> open)
    {
        using var inside = place.Enter();
        return open();
    }

    private Socket Keep(Func<Socket> open)
    {
        var socket = Open(open);
        sockets.Add(socket);
        return socket;
    }

    private Socket Listen(bool ipv4, ushort port) => Keep(() =>
    {
        var socket = new Socket(FamilyOf(ipv4), SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(AddressOf(station, ipv4), port));
        socket.Listen(256);
        return socket;
    });

    private async Task HearAsync(Socket socket, TransportProtocol protocol, bool ipv4)
    {
        var buffer = new byte[2048];
        while (true)
        {
            try
            {
                var length = await socket.ReceiveAsync(buffer);
                if (Payloads.TryRead(buffer.AsSpan(0, length), protocol, ipv4, out var id))
                    arrived[id] = 0;
            }
            catch (Exception e) when (e is SocketException { SocketErrorCode: SocketError.OperationAborted } or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // An error that somebody reported about what this socket sent.
            }
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            try
            {
                _ = ReadAsync(await listener.AcceptAsync());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ReadAsync(Socket connection)
    {
        using var open = connection;
        var (received, buffer) = ("", new byte[1024]);
        try
        {
            while (await connection.ReceiveAsync(buffer) is > 0 and var count)
            {
                received += Encoding.Latin1.GetString(buffer, 0, count);
                if (Packet.NumberIn(received) is not { } number)
                    continue;
                arrived[number] = 0;
                await connection.SendAsync("HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray());
                return;
            }
        }
        catch (SocketException)
        {
            // Reset: nothing arrived.
        }
    }

    private static IPAddress AddressOf(Station station, bool ipv4) => IPAddress.Parse(ipv4 ? station.IPv4 : station.IPv6);

    private static AddressFamily FamilyOf(bool ipv4) => ipv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
}
