using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Lab;
using Proxy.Linux.Tests.Kernel;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Policy.Labels;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>A pod of the lab, or a machine outside, with sockets that hear everything that reaches it.</summary>
internal sealed class Machine : IDisposable
{
    public static readonly ushort[] TcpPorts = [80, 8080, 9000];

    /// <summary>Reserved for experiments (RFC 3692).</summary>
    public const TransportProtocol Other = (TransportProtocol)253;

    private readonly NetworkNamespace place;
    private readonly List<Socket> sockets = [];
    private readonly ConcurrentDictionary<uint, byte> arrived = [];

    public Machine(int index, LabPod pod, bool isOutside)
    {
        (Index, Name, IsOutside, IsEnrolled) = (index, pod.Name, isOutside, pod.Options.IsEnrolled);
        (IPv4, IPv6) = (IPAddress.Parse(pod.IPv4), IPAddress.Parse(pod.IPv6));
        Identity = isOutside ? Identity.World : Identity.ForPod(pod.Options.Namespace, pod.ServiceAccount, pod.Labels, []);
        place = NetworkNamespace.Open(pod.NetworkNamespace);
        foreach (var ipv4 in (bool[])[true, false])
        {
            foreach (var protocol in (TransportProtocol[])[TransportProtocol.Udp, TransportProtocol.Sctp, IcmpOf(ipv4), Other])
                _ = HearAsync(Keep(() => RawSocket.Open(FamilyOf(ipv4), (int)protocol)), protocol, ipv4);
            foreach (var port in TcpPorts)
                _ = AcceptAsync(Listen(ipv4, port));
        }
    }

    public int Index { get; }

    public string Name { get; }

    public bool IsOutside { get; }

    public bool IsEnrolled { get; }

    public Identity Identity { get; }

    public IPAddress IPv4 { get; }

    public IPAddress IPv6 { get; }

    public static TransportProtocol IcmpOf(bool ipv4) => ipv4 ? TransportProtocol.Icmp : TransportProtocol.IcmpV6;

    public IPAddress AddressOf(bool ipv4) => ipv4 ? IPv4 : IPv6;

    public bool HasHeard(Packet packet) => arrived.ContainsKey(packet.Id);

    /// <summary>Sends one; what the kernel drops on its way out is no error.</summary>
    public void Send(Packet packet)
    {
        var target = packet.To.AddressOf(packet.IsIPv4);
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

    /// <summary>Dials, and says the packet's number.</summary>
    public async Task DialAsync(Packet packet, CancellationToken stop)
    {
        try
        {
            using var socket = Open(() => new Socket(FamilyOf(packet.IsIPv4), SocketType.Stream, ProtocolType.Tcp));
            await socket.ConnectAsync(packet.To.AddressOf(packet.IsIPv4), packet.Port, stop);
            var number = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(number, packet.Id);
            await socket.SendAsync(number, stop);
            await socket.ReceiveAsync(number, stop);
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
        socket.Bind(new IPEndPoint(AddressOf(ipv4), port));
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
        var number = new byte[4];
        try
        {
            if (await connection.ReceiveAsync(number) == number.Length)
                arrived[BinaryPrimitives.ReadUInt32BigEndian(number)] = 0;
        }
        catch (SocketException)
        {
            // Reset: nothing arrived.
        }
    }

    private static AddressFamily FamilyOf(bool ipv4) => ipv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
}
