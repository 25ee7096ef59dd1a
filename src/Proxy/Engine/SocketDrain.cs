using Proxy.Native;

namespace Proxy.Engine;

/// <summary>A socket that is closed to this end: what its peer still sends is dropped until it ends, and then the socket is closed.</summary>
internal sealed class SocketDrain
{
    private const int ScratchSize = 4096;

    /// <summary>Reads of one turn.</summary>
    private const int Batch = 16;

    private readonly Worker _worker;
    private readonly TcpSocket _socket;
    private readonly PollToken _token;
    private readonly WheelTimer _limit;
    private readonly Completion<bool> _gone = new();
    private bool _isOver;

    /// <param name="worker">The worker that watches the socket.</param>
    /// <param name="socket">Has sent its end.</param>
    /// <param name="token">Under which the worker watches it.</param>
    internal SocketDrain(Worker worker, TcpSocket socket, PollToken token)
    {
        (_worker, _socket, _token) = (worker, socket, token);
        _limit = new WheelTimer(End);
    }

    internal void Begin(TimeSpan limit)
    {
        _worker.Timers.Schedule(_limit, limit);
        Advance();
    }

    internal ValueTask GoneAsync() => _isOver ? default : _gone.ArmUntyped();

    /// <summary>Drops what is there.</summary>
    internal void Advance()
    {
        Span<byte> scratch = stackalloc byte[ScratchSize];
        for (var i = 0; i < Batch && !_isOver; i++)
        {
            var (count, fault) = _socket.Receive(scratch);
            if (fault == SocketFault.WouldBlock)
                return;
            if (count == 0 || fault != SocketFault.None)
                End();
        }

        if (!_isOver)
            _worker.Defer(Advance);
    }

    private void End()
    {
        if (_isOver)
            return;
        _isOver = true;
        _worker.Timers.Cancel(_limit);
        _worker.Forget(_token);
        _socket.Close();
        if (_gone.IsArmed)
            _gone.Complete(true);
    }
}
