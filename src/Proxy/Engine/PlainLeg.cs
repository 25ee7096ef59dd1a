using Proxy.Native;

namespace Proxy.Engine;

/// <summary>A TCP socket in a worker's epoll, edge-triggered.</summary>
internal sealed class PlainLeg : Leg
{
    /// <summary>What <see cref="TryReceive"/> and <see cref="TrySend"/> answer when the kernel has, or takes, nothing for now.</summary>
    internal const int WouldBlock = -2;

    // No idle limit: a quiet connection lives on. Only a peer that is gone is noticed, after four and a half minutes.
    private static readonly KeepAlive Patient = new(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30), Probes: 5);

    private readonly Worker _worker;
    private readonly TcpSocket _socket;
    private readonly PollToken _token;
    private readonly Completion<int> _reading = new();
    private readonly Completion<bool> _writing = new();
    private Memory<byte> _readBuffer;
    private ReadOnlyMemory<byte> _unwritten;
    private bool _isWaiting;
    private bool _isReadable;
    private bool _isWritable;
    private bool _isConnecting;
    private bool _peerEnded;
    private bool _hasEnded;
    private bool _isAtEnd;
    private bool _isLast;
    private bool _wasReset;
    private bool _isClosed;
    private SocketDrain? _drain;

    /// <summary>Takes the socket over, also when it fails; the leg closes it. A socket that is not connected is completed by <see cref="ConnectAsync"/>.</summary>
    internal PlainLeg(Worker worker, TcpSocket socket, bool isConnected)
    {
        _worker = worker;
        _socket = socket;
        _isWritable = isConnected;
        // A captured socket has these from its listener.
        if (!isConnected)
            Prepare(socket);
        try
        {
            _token = worker.Watch(new Events(this), socket.Descriptor,
                Readiness.Readable | Readiness.Writable | Readiness.PeerEnded | Readiness.EdgeTriggered);
        }
        catch
        {
            socket.Close();
            throw;
        }
    }

    /// <summary>What a leg's socket needs; a listener's passes it on to the sockets that it accepts (net/ipv4/tcp_minisocks.c, net/core/sock.c).</summary>
    internal static void Prepare(TcpSocket socket)
    {
        socket.SetAbortive(true);
        socket.SetNoDelay();
        socket.SetKeepAlive(Patient);
    }

    /// <summary>
    /// Takes the socket over. Null when the kernel cannot watch one more: its memory for that has a bound of its own
    /// (fs.epoll.max_user_watches); then the socket is reset.
    /// </summary>
    internal static PlainLeg? TryTake(Worker worker, TcpSocket socket, bool isConnected)
    {
        try
        {
            return new PlainLeg(worker, socket, isConnected);
        }
        catch (IOException)
        {
            return null;
        }
    }

    internal override Action? OnReset { get; set; }

    internal bool IsClosed => _isClosed;

    internal Worker Worker => _worker;

    /// <summary>True when the last receive did not take all there was, as far as is known.</summary>
    internal bool MayHaveBytes => _isReadable;

    internal Endpoint LocalEndpoint => _socket.LocalEndpoint();

    /// <summary>True when the peer has sent nothing that is unread, has not ended and has not reset.</summary>
    internal bool IsQuiet => !_isClosed && _socket.Peek().Fault == SocketFault.WouldBlock;

    /// <summary>Replaces the patience of an application's connection with a peer that is silent.</summary>
    internal void SetKeepAlive(KeepAlive keepAlive)
    {
        if (!_isClosed)
            _socket.SetKeepAlive(keepAlive);
    }

    internal void SetKeepAliveProbes(int probes)
    {
        if (!_isClosed)
            _socket.SetKeepAliveProbes(probes);
    }

    /// <summary>Reads what is there, without waiting; 0 when nothing is, or the end; <see cref="Leg.Broken"/> after a reset.</summary>
    internal int ReadAvailable(Span<byte> buffer)
    {
        _isReadable = true;
        var count = TryRead(buffer);
        _wasReset |= count == Broken;
        return count == WouldBlock ? 0 : count;
    }

    /// <summary>Reads what is there: bytes, 0 at the peer's orderly end, <see cref="Leg.Broken"/> or <see cref="WouldBlock"/>.</summary>
    internal int TryReceive(Span<byte> buffer)
    {
        var count = TryRead(buffer);
        _wasReset |= count == Broken;
        return count;
    }

    /// <summary>Sends what the kernel takes: bytes, <see cref="Leg.Broken"/> or <see cref="WouldBlock"/>.</summary>
    internal int TrySend(ReadOnlySpan<byte> bytes, bool hasMore)
    {
        if (_isClosed)
            return Broken;
        if (!_isWritable)
            return WouldBlock;
        var (count, fault) = _socket.Send(bytes, hasMore);
        _wasReset |= fault == SocketFault.Reset;
        _isWritable = fault != SocketFault.WouldBlock;
        return fault switch
        {
            SocketFault.None => count,
            SocketFault.WouldBlock => WouldBlock,
            _ => Broken,
        };
    }

    /// <summary>Completes when <see cref="TrySend"/> would not wait; nothing else may be written meanwhile.</summary>
    internal ValueTask WaitWritableAsync() => _isWritable || _isClosed ? default : _writing.ArmUntyped();

    /// <summary>Connects; the socket is bound already where it must be. Closed while waiting: <see cref="SocketFault.TimedOut"/>.</summary>
    internal async ValueTask<SocketFault> ConnectAsync(Endpoint remote)
    {
        var fault = _socket.Connect(remote);
        // To an application of the same namespace the whole handshake is over by now, and asking once more says so.
        if (fault == SocketFault.InProgress)
            fault = _socket.Connect(remote);
        if (fault != SocketFault.InProgress)
        {
            _isWritable = fault == SocketFault.None;
            return fault;
        }

        _isConnecting = true;
        _ = await _writing.Arm();
        _isConnecting = false;
        return _isClosed ? SocketFault.TimedOut : _socket.TakeError();
    }

    // The end arrived with or behind what was read just now, and a reset in its place must still be seen by the next read.
    internal override bool IsAtEnd
    {
        get
        {
            if (!_peerEnded || _wasReset || _isClosed)
                return false;
            if (_isAtEnd)
                return true;
            var (count, fault) = _socket.Peek();
            _wasReset |= fault is not (SocketFault.None or SocketFault.WouldBlock);
            return _isAtEnd = count == 0 && fault == SocketFault.None;
        }
    }

    internal override ValueTask WaitAsync()
    {
        if (_isReadable || _isClosed)
            return default;
        _isWaiting = true;
        return _reading.ArmUntyped();
    }

    internal override ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        var count = TryRead(buffer.Span);
        if (count != WouldBlock)
            return new ValueTask<int>(count);
        _readBuffer = buffer;
        return _reading.Arm();
    }

    internal override ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        _unwritten = bytes;
        return TryWrite() is { } done ? new ValueTask<bool>(done) : _writing.Arm();
    }

    /// <summary>The last bytes and the end leave in one packet, where the kernel takes them at once.</summary>
    internal override ValueTask<bool> PassAsync(byte[] buffer, int start, int count, bool isLast = false)
    {
        _isLast = isLast;
        return WriteAsync(buffer.AsMemory(start, count));
    }

    internal override ValueTask<bool> EndAsync()
    {
        End();
        return new ValueTask<bool>(!_isClosed);
    }

    /// <summary>
    /// For so long an orderly close takes and drops what the peer still sends, until it ends: bytes that come and are
    /// not read make the kernel reset, and a reset may overtake what was written last.
    /// </summary>
    internal TimeSpan CloseLinger { get; set; }

    /// <summary>Completes when the socket of a leg that was closed or aborted is closed as well.</summary>
    internal ValueTask GoneAsync() => _drain is null ? default : _drain.GoneAsync();

    internal override void Close()
    {
        if (_isClosed)
            return;
        _socket.SetAbortive(false);
        if (CloseLinger == TimeSpan.Zero)
        {
            Release();
            return;
        }

        _socket.EndSending();
        _drain = new SocketDrain(_worker, _socket, _token);
        Detach();
        _drain.Begin(CloseLinger);
    }

    internal override void Abort() => Release();

    private void End()
    {
        if (_isClosed || _hasEnded)
            return;
        _hasEnded = true;
        _socket.EndSending();
    }

    private void Release()
    {
        if (_isClosed)
            return;
        _worker.Forget(_token);
        _socket.Close();
        Detach();
    }

    private void Detach()
    {
        _isClosed = true;
        OnReset = null;
        if (_reading.IsArmed)
            CompleteRead(Broken);
        if (_writing.IsArmed)
            CompleteWrite(false);
    }

    private void OnReady(Readiness ready)
    {
        if (_drain is not null)
        {
            _drain.Advance();
            return;
        }

        var failed = (ready & (Readiness.Error | Readiness.HangUp)) != 0;
        _peerEnded |= failed || (ready & Readiness.PeerEnded) != 0;
        if (failed || (ready & (Readiness.Readable | Readiness.PeerEnded)) != 0)
        {
            _isReadable = true;
            ContinueReading();
        }

        if (!_isClosed && (failed || (ready & Readiness.Writable) != 0))
        {
            _isWritable = true;
            ContinueWriting();
        }

        if (!_isClosed && (ready & Readiness.Error) != 0)
            OnReset?.Invoke();
    }

    private void ContinueReading()
    {
        if (!_reading.IsArmed)
            return;
        if (_isWaiting)
            CompleteRead(0);
        else if (TryRead(_readBuffer.Span) is var count && count != WouldBlock)
            CompleteRead(count);
    }

    private void ContinueWriting()
    {
        if (!_writing.IsArmed)
            return;
        if (_isConnecting)
            CompleteWrite(true);
        else if (TryWrite() is { } done)
            CompleteWrite(done);
    }

    private void CompleteRead(int count)
    {
        _isWaiting = false;
        _readBuffer = default;
        _reading.Complete(count);
    }

    private void CompleteWrite(bool done)
    {
        _unwritten = default;
        _writing.Complete(done);
    }

    private int TryRead(Span<byte> buffer)
    {
        if (_isClosed)
            return Broken;
        if (!_isReadable)
            return WouldBlock;
        if (_isAtEnd)
            return _wasReset ? Broken : 0;
        var (count, fault) = _socket.Receive(buffer);
        // A short read has drained the socket; but once the peer has ended there will be no further edge to wait for.
        if (fault == SocketFault.WouldBlock || (count > 0 && count < buffer.Length && !_peerEnded))
            _isReadable = false;
        return fault switch
        {
            // The kernel tells of a reset once; if a write heard of it, a read would take it for an orderly end.
            SocketFault.None when count == 0 && _wasReset => Broken,
            SocketFault.None => count,
            SocketFault.WouldBlock => WouldBlock,
            _ => Broken,
        };
    }

    /// <summary>Null when the kernel takes no more for now.</summary>
    private bool? TryWrite()
    {
        while (!_isClosed && _isWritable && _unwritten.Length > 0)
        {
            var (count, fault) = _socket.Send(_unwritten.Span, hasMore: _isLast);
            _wasReset |= fault == SocketFault.Reset;
            if (fault == SocketFault.WouldBlock)
                _isWritable = false;
            else if (fault != SocketFault.None)
                return false;
            _unwritten = _unwritten[count..];
            if (_isLast && _unwritten.Length == 0)
                End();
        }

        return _isClosed ? false : _unwritten.Length == 0 ? true : null;
    }

    private sealed class Events(PlainLeg leg) : Pollable
    {
        internal override void OnReady(Readiness ready) => leg.OnReady(ready);
    }
}
