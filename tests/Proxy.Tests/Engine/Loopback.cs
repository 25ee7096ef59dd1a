using System.Net;
using System.Net.Sockets;
using Proxy.Engine;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Tests.Engine;

/// <summary>A listener on loopback that connects legs of a worker with blocking peers.</summary>
internal sealed class Loopback : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private readonly List<Peer> _peers = [];

    public Loopback(string address = "127.0.0.1", int? receiveBuffer = null)
    {
        if (receiveBuffer is { } size)
            _listener.ReceiveBufferSize = size;
        _listener.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        _listener.Listen(512);
        var bound = (IPEndPoint)_listener.LocalEndPoint!;
        Endpoint = new Endpoint(Address.From(bound.Address), (ushort)bound.Port);
    }

    public Endpoint Endpoint { get; }

    /// <summary>A port where nobody listens.</summary>
    public static Endpoint Closed()
    {
        using var listener = new Loopback();
        return listener.Endpoint;
    }

    public async Task<(PlainLeg Leg, Peer Peer)> ConnectAsync(TestWorker worker)
    {
        var leg = await worker.RunAsync(() => DialAsync(worker.Worker, Endpoint));
        return (leg, Accept());
    }

    public Peer Accept()
    {
        var peer = new Peer(_listener.Accept());
        _peers.Add(peer);
        return peer;
    }

    /// <summary>The next caller, which is the caller's to dispose of; null when the listener is gone.</summary>
    public Peer? TryAccept()
    {
        try
        {
            return new Peer(_listener.Accept());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>True when somebody waits to be accepted.</summary>
    public bool HasCaller() => _listener.Poll(0, SelectMode.SelectRead);

    public static async ValueTask<PlainLeg> DialAsync(Worker worker, Endpoint remote)
    {
        Assert.Equal(SocketFault.None, TcpSocket.TryCreate(ipv4: true, out var socket));
        var leg = new PlainLeg(worker, socket, isConnected: false);
        Assert.Equal(SocketFault.None, await leg.ConnectAsync(remote));
        return leg;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _peers.ForEach(peer => peer.Dispose());
    }
}
