using Proxy.Engine;
using Proxy.Native;
using Proxy.Tests.Stories;

namespace Proxy.Tests.Tunnels;

/// <summary>Listens where the server pod is, as its node's capture listener would.</summary>
internal sealed class Wire : Pollable
{
    private readonly Worker _worker;
    private readonly TcpSocket _socket;
    private readonly Action<TcpSocket, Endpoint> _onAccepted;
    private readonly PollToken _token;

    /// <summary>Runs on the worker's thread.</summary>
    public Wire(Worker worker, Action<TcpSocket, Endpoint> onAccepted)
    {
        _worker = worker;
        _onAccepted = onAccepted;
        Assert.Equal(SocketFault.None, TcpSocket.TryCreate(ipv4: true, out _socket));
        Assert.Equal(SocketFault.None, _socket.Bind(new Endpoint(Cast.AddressOf(Stage.ServerAddress), 0)));
        PlainLeg.Prepare(_socket);
        Assert.Equal(SocketFault.None, _socket.Listen(512));
        Endpoint = _socket.LocalEndpoint();
        _token = worker.Watch(this, _socket.Descriptor, Readiness.Readable | Readiness.EdgeTriggered);
    }

    public Endpoint Endpoint { get; }

    public void Close()
    {
        _worker.Forget(_token);
        _socket.Close();
    }

    internal override void OnReady(Readiness ready)
    {
        while (_socket.Accept(out var accepted, out var client) == SocketFault.None)
            _onAccepted(accepted, client with { Address = Cast.AddressOf(Stage.ClientAddress) });
    }
}
