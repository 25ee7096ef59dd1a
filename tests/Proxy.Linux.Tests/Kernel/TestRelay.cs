using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Proxy.Kernel;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>What TPROXY delivered to the relay.</summary>
internal readonly record struct Captured(bool IsOutbound, IPEndPoint Client, IPEndPoint Destination);

/// <summary>The plainest proxy: takes what the rules capture and passes it on, with the marks and options of the engine.</summary>
internal sealed class TestRelay : IDisposable
{
    private const int LevelSocket = 1, Mark = 36, LevelIp = 0, Transparent = 19, LevelIpv6 = 41, TransparentIpv6 = 75;

    private readonly NetworkNamespace pod;
    private readonly CaptureOptions options;
    private readonly List<Socket> listeners = [];
    private readonly ConcurrentQueue<Socket> legs = [];

    public TestRelay(NetworkNamespace pod, CaptureOptions options)
    {
        this.pod = pod;
        this.options = options;
        foreach (var ipv4 in (bool[])[true, false])
        {
            Listen(ipv4, isOutbound: true);
            Listen(ipv4, isOutbound: false);
        }
    }

    public ConcurrentQueue<Captured> Seen { get; } = [];

    public void Dispose() => listeners.ForEach(listener => listener.Dispose());

    /// <summary>What the kernel does when the process is killed while its legs are abortive.</summary>
    public void Kill()
    {
        Dispose();
        foreach (var leg in legs)
        {
            try
            {
                leg.LingerState = new LingerOption(true, 0);
            }
            catch (ObjectDisposedException)
            {
                // Its pump ended first.
            }

            leg.Dispose();
        }
    }

    /// <summary>Passes bytes on until the end, and the end as well.</summary>
    public static async Task PumpAsync(Socket from, Socket to, bool owned = false)
    {
        var buffer = new byte[65536];
        try
        {
            for (int count; (count = await from.ReceiveAsync(buffer)) > 0;)
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            from.Dispose();
            to.Dispose();
        }
        if (owned)
            from.Dispose();
    }

    private void Listen(bool ipv4, bool isOutbound)
    {
        var listener = TestPods.NewSocket(pod, ipv4);
        SetTransparent(listener, ipv4);
        if (!isOutbound)
            SetMark(listener);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(ipv4 ? IPAddress.Loopback : IPAddress.IPv6Loopback, isOutbound ? options.OutboundPort : options.InboundPort));
        listener.Listen(128);
        listeners.Add(listener);
        _ = AcceptAsync(listener, ipv4, isOutbound);
    }

    private async Task AcceptAsync(Socket listener, bool ipv4, bool isOutbound)
    {
        try
        {
            while (true)
                _ = RelayAsync(await listener.AcceptAsync(), ipv4, isOutbound);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over, or the relay has been killed.
        }
    }

    private async Task RelayAsync(Socket client, bool ipv4, bool isOutbound)
    {
        var captured = new Captured(isOutbound, (IPEndPoint)client.RemoteEndPoint!, (IPEndPoint)client.LocalEndPoint!);
        Seen.Enqueue(captured);
        var upstream = TestPods.NewSocket(pod, ipv4);
        legs.Enqueue(client);
        legs.Enqueue(upstream);
        try
        {
            SetMark(upstream);
            if (!isOutbound)
            {
                SetTransparent(upstream, ipv4);
                upstream.Bind(new IPEndPoint(captured.Client.Address, 0));
            }
            await upstream.ConnectAsync(captured.Destination);
            await Task.WhenAll(PumpAsync(client, upstream), PumpAsync(upstream, client));
        }
        catch (SocketException)
        {
            client.LingerState = new LingerOption(true, 0);
        }
        client.Dispose();
        upstream.Dispose();
    }

    private void SetMark(Socket socket) => socket.SetRawSocketOption(LevelSocket, Mark, BitConverter.GetBytes(options.ProxyMark));

    private static void SetTransparent(Socket socket, bool ipv4) =>
        socket.SetRawSocketOption(ipv4 ? LevelIp : LevelIpv6, ipv4 ? Transparent : TransparentIpv6, BitConverter.GetBytes(1));
}
