using Proxy.Native;

namespace Proxy.Engine;

/// <summary>Where a socket is made: in which network namespace, and with which mark the capture rules know it by.</summary>
internal sealed class NetworkScope(NetworkNamespace @namespace, NetworkNamespace home, uint mark)
{
    internal NetworkNamespace Namespace => @namespace;

    /// <summary>Makes a socket that the capture rules let pass: it belongs to the proxy.</summary>
    internal SocketFault TryCreateMarked(bool ipv4, out TcpSocket socket)
    {
        var fault = TryCreate(ipv4, out socket);
        if (fault == SocketFault.None)
            socket.SetMark(mark);
        return fault;
    }

    internal SocketFault TryCreate(bool ipv4, out TcpSocket socket)
    {
        using (@namespace.EnterFrom(home))
            return TcpSocket.TryCreate(ipv4, out socket);
    }
}
