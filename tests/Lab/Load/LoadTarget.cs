using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Lab.Load;

/// <summary>Where load goes.</summary>
internal sealed class LoadTarget(string host, string port)
{
    private readonly IPEndPoint endpoint = new(IPAddress.Parse(host), int.Parse(port, CultureInfo.InvariantCulture));

    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endpoint);
        return socket;
    }
}
