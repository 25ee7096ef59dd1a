using Proxy.Engine;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Capture;

/// <summary>
/// One worker's share of the connections that TPROXY captures in a pod's namespace, in one direction and family.
/// The socket's own address is the client's original destination (Documentation/networking/tproxy.rst).
/// </summary>
internal sealed class CaptureListener : Pollable
{
    /// <summary>Connections taken in one turn, so that a flood from one pod leaves the worker's others their turn.</summary>
    private const int AcceptBatch = 16;
    private const int Backlog = 4096;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Worker _worker;
    private readonly TcpSocket _socket;
    private readonly Endpoint _bound;
    private readonly Action<TcpSocket, ClientAddress, OriginalDestination> _onAccepted;
    private readonly Action<ClientAddress, OriginalDestination> _onRefused;
    private readonly WheelTimer _resume;
    private readonly Action _acceptMore;
    private readonly PollToken _token;
    private bool _isDeferred;
    private bool _isClosed;

    private CaptureListener(
        Worker worker, TcpSocket socket, Endpoint bound, Action<TcpSocket, ClientAddress, OriginalDestination> onAccepted, Action<ClientAddress, OriginalDestination> onRefused)
    {
        _worker = worker;
        _socket = socket;
        _bound = bound;
        _onAccepted = onAccepted;
        _onRefused = onRefused;
        _resume = new WheelTimer(AcceptBatchOnce);
        _acceptMore = AcceptMore;
        _token = worker.Watch(this, socket.Descriptor, Readiness.Readable | Readiness.EdgeTriggered);
    }

    /// <summary>
    /// Listens in the scope's namespace on loopback, where the rules deliver to. Runs on the worker's thread. Told as
    /// refused is who was reset because the process has no descriptor left.
    /// </summary>
    /// <exception cref="IOException">The port is taken, or a right is missing.</exception>
    internal static CaptureListener Open(
        Worker worker, NetworkScope scope, bool ipv4, ushort port, bool marked,
        Action<TcpSocket, ClientAddress, OriginalDestination> onAccepted, Action<ClientAddress, OriginalDestination> onRefused)
    {
        var fault = marked ? scope.TryCreateMarked(ipv4, out var socket) : scope.TryCreate(ipv4, out socket);
        Require(fault, "make a capture socket", scope);
        var bound = new Endpoint(Loopback(ipv4), port);
        try
        {
            socket.SetTransparent(ipv4);
            socket.SetReuseAddress();
            socket.SetReusePort();
            PlainLeg.Prepare(socket);
            Require(socket.Bind(bound), $"listen on {bound}", scope);
            Require(socket.Listen(Backlog), $"listen on {bound}", scope);
            return new CaptureListener(worker, socket, bound, onAccepted, onRefused);
        }
        catch (IOException)
        {
            socket.Close();
            throw;
        }
    }

    internal void Close()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _worker.Timers.Cancel(_resume);
        _worker.Forget(_token);
        _socket.Close();
    }

    // Whoever comes while a turn is waited for is taken in that turn: a flood must not have several in one pass.
    internal override void OnReady(Readiness ready)
    {
        if (!_isDeferred && !_resume.IsLinked)
            AcceptBatchOnce();
    }

    private void AcceptMore()
    {
        _isDeferred = false;
        AcceptBatchOnce();
    }

    private void AcceptBatchOnce()
    {
        for (var i = 0; i < AcceptBatch; i++)
        {
            if (_isClosed)
                return;
            var fault = _socket.Accept(out var accepted, out var client);
            if (fault == SocketFault.OutOfDescriptors)
                fault = RefuseNext();
            else if (fault == SocketFault.None)
                Hand(accepted, client);
            if (fault == SocketFault.WouldBlock)
                return;
            // A client that gave up concerns itself only; anything else would be met again at once.
            if (fault is not (SocketFault.None or SocketFault.Reset))
            {
                _worker.Timers.Schedule(_resume, Pause);
                return;
            }
        }

        _isDeferred = true;
        _worker.Defer(_acceptMore);
    }

    /// <summary>Who waits while there is no descriptor left is reset, with the spare one's help, rather than left to hang.</summary>
    private SocketFault RefuseNext()
    {
        _worker.Spare.TakeBack();
        if (!_worker.Spare.TryGiveUp())
            return SocketFault.OutOfDescriptors;
        var fault = _socket.Accept(out var accepted, out var client);
        if (fault == SocketFault.None)
        {
            var destination = accepted.LocalEndpoint();
            Reset(accepted);
            _onRefused(new ClientAddress(client), new OriginalDestination(destination));
        }

        _worker.Spare.TakeBack();
        return fault;
    }

    private void Hand(TcpSocket accepted, Endpoint client)
    {
        var destination = accepted.LocalEndpoint();
        // Somebody dialled the listener itself: there is no original destination to honour.
        if (destination == _bound)
            Reset(accepted);
        else
            _onAccepted(accepted, new ClientAddress(client), new OriginalDestination(destination));
    }

    private static void Reset(TcpSocket accepted)
    {
        accepted.SetAbortive(true);
        accepted.Close();
    }

    private static Address Loopback(bool ipv4) => ipv4 ? Address.FromBytes([127, 0, 0, 1]) : new Address(UInt128.One);

    private static void Require(SocketFault fault, string what, NetworkScope scope)
    {
        if (fault != SocketFault.None)
            throw new IOException($"Cannot {what} in network namespace {scope.Namespace.Name}: {fault}.");
    }
}
