using System.Runtime.CompilerServices;
using Proxy.Native;

namespace Proxy.Engine;

/// <summary>
/// A mutual-TLS connection between two node-proxies, as frames: the half that both ends share. One stream at a time,
/// so that TCP's own backpressure reaches the application and no stream waits behind another.
/// </summary>
internal sealed class Tunnel
{
    /// <summary>Sooner than for an application's connection: a tunnel that rests on a dead peer would break the next stream.</summary>
    internal static readonly KeepAlive AtRest = new(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(5), Probes: 3);

    /// <summary>With a stream it is as patient as any connection: four and a half minutes.</summary>
    internal static readonly KeepAlive WithStream = AtRest with { Probes = 51 };

    /// <summary>How long behind its END the server's node lets a stream last, before the next is to find another tunnel.</summary>
    internal static readonly TimeSpan HoldLimit = TimeSpan.FromMilliseconds(100);

    private readonly Worker _worker;
    private readonly Leg _transport;
    private readonly TunnelDialogue _dialogue;

    /// <summary>Bytes that are read where a header is awaited: a short frame comes whole, by one read.</summary>
    internal const int ReadAhead = 512;

    // From _taken to _filled: what was read and nobody has taken yet, a header first or what is left of a payload.
    private readonly byte[] _incoming = new byte[ReadAhead];
    private readonly byte[] _outgoing = new byte[Leg.Headroom + TunnelFrame.HeaderSize + TunnelFrame.MaximumRefusal];

    private readonly Completion<bool> _stirred = new();
    private readonly Action _flush;
    private Action? _onStirred;
    private Task? _flushing;
    private Task<bool>? _retiring;
    private WheelTimer? _held;
    private TunnelFrame? _waiting;
    private int _taken;
    private int _filled;
    private bool _isResting;

    internal Tunnel(Worker worker, Leg transport, TunnelDialogue dialogue)
    {
        (_worker, _transport, _dialogue) = (worker, transport, dialogue);
        _flush = Flush;
    }

    internal TunnelDialogue Dialogue => _dialogue;

    internal BufferPool Buffers => _worker.Buffers;

    /// <summary>The frame behind this one, whose header was read already, together with what came before it.</summary>
    internal TunnelFrame? NextFrame =>
        PayloadLeft == 0 && Untaken >= TunnelFrame.HeaderSize ? TunnelFrame.Read(_incoming.AsSpan(_taken)) : null;

    /// <summary>True when nothing was read that nobody has taken.</summary>
    internal bool IsDrained => Untaken == 0 && PayloadLeft == 0;

    /// <summary>The frame that came last.</summary>
    internal TunnelFrame Frame { get; private set; }

    /// <summary>What is still to be read of the payload of <see cref="Frame"/>.</summary>
    internal int PayloadLeft { get; private set; }

    /// <summary>What the other end did wrong, if that is why the tunnel is over.</summary>
    internal TunnelFault Fault { get; private set; }

    internal bool IsOver { get; private set; }

    /// <summary>True while frames wait for the kernel to take them.</summary>
    internal bool IsWriting { get; private set; }

    /// <summary>True when the other end ended the tunnel while no stream was under way.</summary>
    internal bool EndedInOrder { get; private set; }

    /// <summary>
    /// Set where a stream that is over to this end may still have bytes under way to the other, who has not taken them:
    /// then no close resets the connection, not even where a frame waits for the kernel.
    /// </summary>
    internal bool ClosesGently { get; set; }

    /// <summary>Called when the connection was reset while nobody was reading or writing it.</summary>
    internal Action? OnReset
    {
        get => _transport.OnReset;
        set => _transport.OnReset = value;
    }

    /// <summary>
    /// Has somebody told of whatever comes while nobody reads, also of the end. It takes no buffer, and if somebody
    /// begins to read meanwhile, the wait becomes his.
    /// </summary>
    internal void Rest(Action onStirred)
    {
        _onStirred = onStirred;
        if (!_isResting)
            _ = RestAsync();
    }

    /// <summary>Reads the next frame's header; the payload of the last one has been read. False when the tunnel is over.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> ReadFrameAsync()
    {
        while (Untaken < TunnelFrame.HeaderSize)
        {
            await AwaitMoreAsync();
            MakeRoom();
            var count = await _transport.ReadAsync(_incoming.AsMemory(_filled));
            if (count <= 0 || IsOver)
            {
                EndedInOrder = count == 0 && Untaken == 0 && _dialogue.IsIdle;
                return Lose();
            }

            _filled += count;
        }

        Frame = TunnelFrame.Read(_incoming.AsSpan(_taken));
        _taken += TunnelFrame.HeaderSize;
        Fault = _dialogue.Receive(Frame);
        if (Fault != TunnelFault.None)
            return Lose();
        PayloadLeft = Frame.Length;
        return true;
    }

    /// <summary>Completes when a read would not wait.</summary>
    internal ValueTask WaitAsync() => Untaken > 0 ? default : AwaitMoreAsync();

    /// <summary>
    /// Reads of the payload of <see cref="Frame"/>; <see cref="Leg.Broken"/> when the tunnel is over. Where the buffer
    /// has room behind the payload, the next header is read along with it, if it is there.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<int> ReadPayloadAsync(Memory<byte> buffer)
    {
        var ahead = TakeAhead(buffer.Span);
        // The rest of a long payload goes along, unless it would have to be waited for.
        if (ahead > 0 && (PayloadLeft == 0 || ahead == buffer.Length || !_transport.HasBytes))
            return ahead;
        var wanted = Math.Min(buffer.Length - ahead, PayloadLeft + TunnelFrame.HeaderSize);
        var count = await _transport.ReadAsync(buffer.Slice(ahead, wanted));
        if (count <= 0 || IsOver)
        {
            Lose();
            return Leg.Broken;
        }

        var taken = Math.Min(count, PayloadLeft);
        KeepAhead(buffer.Span[(ahead + taken)..(ahead + count)]);
        PayloadLeft -= taken;
        return ahead + taken;
    }

    /// <summary>Reads a whole short payload, or reads past it if it is long. False when the tunnel is over.</summary>
    internal async ValueTask<bool> ReadPayloadAsync(byte[] buffer)
    {
        while (PayloadLeft > 0)
        {
            var read = Frame.Length - PayloadLeft;
            if (await ReadPayloadAsync(buffer.AsMemory(read % buffer.Length)) == Leg.Broken)
                return false;
        }

        return true;
    }

    /// <summary>How long the other end may leave a control frame of this one untaken. END waits like the bytes before it.</summary>
    internal TimeSpan ControlLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Sends a frame without payload, or with one that <see cref="Payload"/> was filled with.</summary>
    internal ValueTask<bool> SendAsync(FrameType type, int length = 0)
    {
        new TunnelFrame(type, length, _dialogue.Stream).Write(_outgoing.AsSpan(Leg.Headroom));
        return LimitAsync(type, SendAsync(_outgoing, Leg.Headroom, TunnelFrame.HeaderSize + length));
    }

    /// <summary>Where the payload of a control frame is put before it is sent.</summary>
    internal Span<byte> Payload => _outgoing.AsSpan(Leg.Headroom + TunnelFrame.HeaderSize);

    /// <summary>
    /// Sends a frame for which nobody waits with the next one, or alone at the end of the worker's next pass. False when
    /// the tunnel is over.
    /// </summary>
    internal bool SendSoon(FrameType type)
    {
        if (IsOver)
            return false;
        _waiting = new TunnelFrame(type, 0, _dialogue.Stream);
        _worker.Postpone(_flush);
        return true;
    }

    /// <summary>
    /// Sends whole frames, which begin so far behind the beginning of the buffer that what waited fits before them. False
    /// when the tunnel is over.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> SendAsync(byte[] buffer, int start, int count)
    {
        while (_flushing is { } flushing)
            await flushing;
        if (IsOver)
            return false;
        if (_waiting is { } waiting)
        {
            _waiting = null;
            (start, count) = (start - TunnelFrame.HeaderSize, count + TunnelFrame.HeaderSize);
            waiting.Write(buffer.AsSpan(start));
        }

        IsWriting = true;
        var sent = await _transport.WriteAsync(buffer.AsMemory(start, count));
        IsWriting = false;
        return sent && !IsOver;
    }

    /// <summary>No more frames from this end; the other end's are still read.</summary>
    internal ValueTask<bool> EndAsync() => _transport.EndAsync();

    /// <summary>
    /// At the server's node, behind its END: whatever keeps the stream from being over, the client's node may take it for
    /// over any time, and must not have the next one wait for it.
    /// </summary>
    internal void BeginHold()
    {
        if (!IsOver && !_dialogue.IsRetired)
            _worker.Timers.Schedule(_held ??= new WheelTimer(RetireHeld), HoldLimit);
    }

    /// <summary>Both directions of the stream have ended: the next one may come.</summary>
    internal void Finish()
    {
        EndHold();
        _dialogue.Finish();
    }

    /// <summary>
    /// Says, once, that no stream follows the one under way or the last. Behind the bytes of a stream it may have to wait as
    /// long as they: who must not wait sets a limit of his own. False when the tunnel is over.
    /// </summary>
    internal Task<bool> RetireAsync()
    {
        if (_retiring is not null)
            return _retiring;
        _dialogue.Retire();
        new TunnelFrame(FrameType.Retire, 0, _dialogue.Stream).Write(_outgoing.AsSpan(Leg.Headroom));
        return _retiring = SendAsync(_outgoing, Leg.Headroom, TunnelFrame.HeaderSize).AsTask();
    }

    /// <summary>Ends the tunnel in order: what was sent still arrives.</summary>
    internal void Close()
    {
        EndHold();
        if (IsOver)
            return;
        Flush();
        IsOver = true;
        CloseTransport();
    }

    /// <summary>
    /// Ends the tunnel behind END of the server's end: the client's node may have sent all of this stream and opened the
    /// next, and must know that the next was not delivered.
    /// </summary>
    internal void CloseRetired()
    {
        if (!IsOver && !IsWriting && !_dialogue.IsRetired)
            _ = SendAsync(FrameType.Retire).AsTask();
        Close();
    }

    /// <summary>
    /// Ends the tunnel and whatever stream is on it. The other end is told by RESET where the line is free, so that it
    /// still gets what was sent before; otherwise by the reset of the connection.
    /// </summary>
    internal void Abort(bool tellsPeer)
    {
        EndHold();
        if (IsOver)
            return;
        if (tellsPeer && !IsWriting && SendAsync(FrameType.Reset).AsTask() is { IsCompletedSuccessfully: true, Result: true })
        {
            Close();
            return;
        }

        IsOver = true;
        _transport.Abort();
    }

    /// <summary>Ends the tunnel because of what the other end did.</summary>
    internal void Abort(TunnelFault fault)
    {
        Fault = fault;
        Abort(tellsPeer: false);
    }

    private int Untaken => _filled - _taken;

    private ValueTask AwaitMoreAsync() => _isResting ? _stirred.ArmUntyped() : _transport.WaitAsync();

    private void MakeRoom() => KeepAhead(_incoming.AsSpan(_taken, Untaken));

    private void KeepAhead(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_incoming);
        (_taken, _filled) = (0, bytes.Length);
    }

    private int TakeAhead(Span<byte> buffer)
    {
        var count = Math.Min(Math.Min(Untaken, PayloadLeft), buffer.Length);
        _incoming.AsSpan(_taken, count).CopyTo(buffer);
        _taken += count;
        PayloadLeft -= count;
        return count;
    }

    private void RetireHeld()
    {
        ClosesGently = true;
        _ = RetireAsync();
    }

    private void EndHold()
    {
        if (_held is not null)
            _worker.Timers.Cancel(_held);
    }

    // Whoever reads nothing at all would hold the stream, and what it was promised, for ever. END stands behind the stream's
    // bytes and may wait as long as they.
    private ValueTask<bool> LimitAsync(FrameType type, ValueTask<bool> sending) =>
        type == FrameType.End || sending.IsCompleted ? sending : LimitAsync(sending);

    private async ValueTask<bool> LimitAsync(ValueTask<bool> sending)
    {
        var timer = new WheelTimer(() => Abort(tellsPeer: false));
        _worker.Timers.Schedule(timer, ControlLimit);
        var isSent = await sending;
        _worker.Timers.Cancel(timer);
        return isSent;
    }

    // Sends what waits alone: nothing else was sent meanwhile.
    private void Flush()
    {
        if (_waiting is not { } waiting || IsOver || _flushing is not null)
            return;
        var sending = SendAsync(_outgoing, Leg.Headroom, 0);
        if (sending.IsCompleted)
            _ = sending.Result;
        else
            _flushing = EndFlushAsync(LimitAsync(waiting.Type, sending));
    }

    private async Task EndFlushAsync(ValueTask<bool> sending)
    {
        _ = await sending;
        _flushing = null;
    }

    private async Task RestAsync()
    {
        _isResting = true;
        if (Untaken == 0)
            await _transport.WaitAsync();
        _isResting = false;
        if (_stirred.IsArmed)
            _stirred.Complete(true);
        else if (!IsOver)
            _onStirred?.Invoke();
    }

    private bool Lose()
    {
        Abort(tellsPeer: false);
        return false;
    }

    // A close_notify that the kernel does not take at once is not worth waiting for.
    private void CloseTransport()
    {
        if ((!IsWriting && _transport.EndAsync().AsTask().IsCompleted) || ClosesGently)
            _transport.Close();
        else
            _transport.Abort();
    }
}
