using System.Net;
using System.Net.Sockets;
using System.Text;
using Proxy.Native;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>Dials as an application does.</summary>
internal static class TestClient
{
    /// <summary>Connects, sends, ends, and reads the echo; null: not connected within the limit, or cut.</summary>
    public static async Task<string?> EchoAsync(NetworkNamespace place, IPAddress address, int port, TimeSpan limit, string text = "hello")
    {
        using var socket = TestPods.NewSocket(place, address.AddressFamily == AddressFamily.InterNetwork);
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), patience.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes(text), patience.Token);
            socket.Shutdown(SocketShutdown.Send);
            return await ReadAllAsync(socket, patience.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<string> ReadAllAsync(Socket socket, CancellationToken patience)
    {
        var read = new MemoryStream();
        var buffer = new byte[65536];
        for (int count; (count = await socket.ReceiveAsync(buffer, patience)) > 0;)
            read.Write(buffer, 0, count);
        return Encoding.ASCII.GetString(read.ToArray());
    }
}
