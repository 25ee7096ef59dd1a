using System.Net;
using System.Net.Sockets;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>A UDP socket at each end of the wire.</summary>
internal sealed class TestDatagrams : IDisposable
{
    public const int PodPort = 5301;
    public const int FarPort = 5302;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(100);

    public TestDatagrams(TestPods pods, bool ipv4)
    {
        Pod = NewSocket(pods.PodNamespace, TestPods.PodAddress(ipv4), PodPort);
        Far = NewSocket(pods.FarNamespace, TestPods.FarAddress(ipv4), FarPort);
    }

    public Socket Pod { get; }

    public Socket Far { get; }

    public static async Task<bool> PassesAsync(Socket from, Socket to) => await ReceiveAsync(from, to, Patience);

    public static async Task<bool> IsClosedAsync(Socket from, Socket to) => !await ReceiveAsync(from, to, ShortPatience);

    public void Dispose()
    {
        Pod.Dispose();
        Far.Dispose();
    }

    internal static Socket NewSocket(NetworkNamespace place, IPAddress address, int port)
    {
        using var inside = place.Enter();
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, port));
        return socket;
    }

    private static async Task<bool> ReceiveAsync(Socket from, Socket to, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await from.SendToAsync(new byte[3], to.LocalEndPoint!, patience.Token);
            return await to.ReceiveAsync(new byte[100], patience.Token) == 3;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            // What the kernel drops on its way out, it tells the sender.
            return false;
        }
    }
}
