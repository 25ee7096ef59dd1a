using System.Net;
using System.Net.Sockets;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>Echoes; remembers who came.</summary>
internal sealed class TestServer : IDisposable
{
    private readonly Socket listener;
    private int accepted;

    public TestServer(NetworkNamespace place, bool ipv4, int port = 80)
    {
        listener = TestPods.NewSocket(place, ipv4);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(ipv4 ? IPAddress.Any : IPAddress.IPv6Any, port));
        listener.Listen(128);
        _ = ServeAsync();
    }

    public int Accepted => Volatile.Read(ref accepted);

    public IPEndPoint? LastClient { get; private set; }

    public void Dispose() => listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptAsync();
                LastClient = (IPEndPoint)client.RemoteEndPoint!;
                Interlocked.Increment(ref accepted);
                _ = TestRelay.PumpAsync(client, client, owned: true);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
