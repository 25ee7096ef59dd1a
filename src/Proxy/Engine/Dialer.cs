using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Engine;

/// <summary>What came of a dial: a connected leg, or why there is none.</summary>
internal readonly record struct Dialled(PlainLeg? Leg, SocketFault Fault);

/// <summary>Makes the connections of one worker, each within a limit.</summary>
internal sealed class Dialer
{
    // Below the kernel's ephemeral range (Documentation/networking/ip-sysctl.rst, ip_local_port_range): an inner leg
    // must not share its four-tuple with a captured leg of the same client, whose port the client's kernel chose.
    internal const int FirstInnerPort = 1024;
    internal const int LastInnerPort = 32767;
    private const int FirstUpstreamPort = 32768;
    private const int LastUpstreamPort = 60999;
    private const int PortAttempts = 64;

    private readonly Worker _worker;
    private readonly TimeSpan _limit;
    private readonly int _stride;
    private int _nextPort;

    /// <param name="worker">The worker whose thread dials.</param>
    /// <param name="workers">How many workers there are: each has its own share of the inner ports.</param>
    /// <param name="limit">How long a connect may take.</param>
    internal Dialer(Worker worker, int workers, TimeSpan limit)
    {
        _worker = worker;
        _limit = limit;
        _stride = workers;
        _nextPort = FirstInnerPort + worker.Index;
    }

    /// <summary>Connects from one of the scope's own addresses: that of the client, which may have several.</summary>
    internal ValueTask<Dialled> ConnectAsync(NetworkScope scope, Address local, Endpoint remote)
    {
        var fault = scope.TryCreateMarked(remote.Address.IsIPv4, out var socket);
        if (fault != SocketFault.None)
            return new ValueTask<Dialled>(new Dialled(null, fault));
        // A pod may have another range of its own; the other end's inner legs rely on ours.
        socket.SetLocalPortRange(FirstUpstreamPort, LastUpstreamPort);
        // The port is chosen when it is connected: then it need only be free towards this server.
        socket.SetBindAddressNoPort();
        fault = socket.Bind(new Endpoint(local, 0));
        if (fault == SocketFault.None)
            return ConnectAsync(socket, remote);
        socket.Close();
        return new ValueTask<Dialled>(new Dialled(null, fault));
    }

    /// <summary>Connects from somebody else's address, so that the server sees its client.</summary>
    /// <param name="scope">The server's namespace.</param>
    /// <param name="client">The client's address.</param>
    /// <param name="remote">The server.</param>
    /// <param name="port">
    /// The client's port, to be used where it is free; 0 to choose one. One that the client's kernel did not choose
    /// may be that of another inner leg, and is not used.
    /// </param>
    internal async ValueTask<Dialled> ConnectFromAsync(NetworkScope scope, Address client, Endpoint remote, ushort port = 0)
    {
        var wished = port >= FirstUpstreamPort ? port : (ushort)0;
        for (var attempt = 0; ; attempt++)
        {
            var fault = scope.TryCreateMarked(remote.Address.IsIPv4, out var socket);
            if (fault != SocketFault.None)
                return new Dialled(null, fault);
            socket.SetTransparent(remote.Address.IsIPv4);
            socket.SetReuseAddress();
            fault = socket.Bind(new Endpoint(client, attempt == 0 && wished != 0 ? wished : NextPort()));
            if (fault != SocketFault.None)
                socket.Close();
            var dialled = fault == SocketFault.None ? await ConnectAsync(socket, remote) : new Dialled(null, fault);
            var isTaken = dialled.Fault is SocketFault.AddressInUse or SocketFault.AddressNotAvailable;
            if (!isTaken || attempt == PortAttempts)
                return dialled;
        }
    }

    private async ValueTask<Dialled> ConnectAsync(TcpSocket socket, Endpoint remote)
    {
        if (PlainLeg.TryTake(_worker, socket, isConnected: false) is not { } leg)
            return new Dialled(null, SocketFault.OutOfMemory);
        var connecting = leg.ConnectAsync(remote);
        var fault = connecting.IsCompleted ? connecting.Result : await LimitAsync(leg, connecting);
        if (fault == SocketFault.None)
            return new Dialled(leg, fault);
        leg.Abort();
        return new Dialled(null, fault);
    }

    private async ValueTask<SocketFault> LimitAsync(PlainLeg leg, ValueTask<SocketFault> connecting)
    {
        var timer = new WheelTimer(leg.Abort);
        _worker.Timers.Schedule(timer, _limit);
        var fault = await connecting;
        _worker.Timers.Cancel(timer);
        return fault;
    }

    private ushort NextPort()
    {
        var port = _nextPort;
        _nextPort = port + _stride <= LastInnerPort ? port + _stride : FirstInnerPort + _worker.Index;
        return (ushort)port;
    }
}
