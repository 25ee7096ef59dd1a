using System.Runtime.CompilerServices;
using Proxy.Native;

namespace Proxy.Engine;

/// <summary>
/// A mutual-TLS connection between two node-proxies, as frames: the half that both ends share. One stream at a time,
/// so that TCP's own backpressure reaches the application and no stream waits behind another.
/// </summary>
internal sealed class Tunnel(Worker worker, Leg transport, TunnelDialogue dialogue)
{
    // Between SslStream's reads only one of these is under way; the other end never has more than a header unread here.
    /// <summary>Sooner than for an application's connection: a tunnel that rests on a dead peer would break the next stream.</summary>
    internal static readonly KeepAlive AtRest = new(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(5), Probes: 3);

    /// <summary>With a stream it is as patient as any connection: four and a half minutes.</summary>
    internal static readonly KeepAlive WithStream = AtRest with { Probes = 51 };

    private readonly byte[] _incoming = new byte[TunnelFrame.HeaderSize];
    private readonly byte[] _outgoing = new byte[TunnelFrame.HeaderSize + TunnelFrame.MaximumRefusal];

    private readonly Completion<bool> _stirred = new();
    private Action? _onStirred;
    private int _filled;
    private bool _isResting;

    internal TunnelDialogue Dialogue => dialogue;

    internal BufferPool Buffers => worker.Buffers;

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

    /// <summary>Called when the connection was reset while nobody was reading or writing it.</summary>
    internal Action? OnReset
    {
        get => transport.OnReset;
        set => transport.OnReset = value;
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
        while (_filled < TunnelFrame.HeaderSize)
        {
            await WaitAsync();
            var count = await transport.ReadAsync(_incoming.AsMemory(_filled));
            if (count <= 0 || IsOver)
            {
                EndedInOrder = count == 0 && _filled == 0 && dialogue.IsIdle;
                return Lose();
            }

            _filled += count;
        }

        _filled = 0;
        Frame = TunnelFrame.Read(_incoming);
        Fault = dialogue.Receive(Frame);
        if (Fault != TunnelFault.None)
            return Lose();
        PayloadLeft = Frame.Length;
        return true;
    }

    /// <summary>Completes when a read would not wait.</summary>
    internal ValueTask WaitAsync() => _isResting ? _stirred.ArmUntyped() : transport.WaitAsync();

    /// <summary>Reads of the payload of <see cref="Frame"/>; <see cref="Leg.Broken"/> when the tunnel is over.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<int> ReadPayloadAsync(Memory<byte> buffer)
    {
        var count = await transport.ReadAsync(buffer.Length > PayloadLeft ? buffer[..PayloadLeft] : buffer);
        if (count <= 0 || IsOver)
        {
            Lose();
            return Leg.Broken;
        }

        PayloadLeft -= count;
        return count;
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
        new TunnelFrame(type, length, dialogue.Stream).Write(_outgoing);
        var sending = SendAsync(_outgoing.AsMemory(0, TunnelFrame.HeaderSize + length));
        return type == FrameType.End || sending.IsCompleted ? sending : LimitAsync(sending);
    }

    /// <summary>Where the payload of a control frame is put before it is sent.</summary>
    internal Span<byte> Payload => _outgoing.AsSpan(TunnelFrame.HeaderSize);

    /// <summary>Sends whole frames. False when the tunnel is over.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> frames)
    {
        if (IsOver)
            return false;
        IsWriting = true;
        var sent = await transport.WriteAsync(frames);
        IsWriting = false;
        return sent && !IsOver;
    }

    /// <summary>No more frames from this end; the other end's are still read.</summary>
    internal ValueTask<bool> EndAsync() => transport.EndAsync();

    /// <summary>Ends the tunnel in order: what was sent still arrives.</summary>
    internal void Close()
    {
        if (IsOver)
            return;
        IsOver = true;
        CloseTransport();
    }

    /// <summary>
    /// Ends the tunnel behind END of the server's end: the client's node may have sent all of this stream and opened the
    /// next, and must know that the next was not delivered.
    /// </summary>
    internal void CloseRetired()
    {
        if (!IsOver && !IsWriting && !dialogue.IsRetired)
            _ = SendAsync(FrameType.Retire).AsTask();
        Close();
    }

    /// <summary>
    /// Ends the tunnel and whatever stream is on it. The other end is told by RESET where the line is free, so that it
    /// still gets what was sent before; otherwise by the reset of the connection.
    /// </summary>
    internal void Abort(bool tellsPeer)
    {
        if (IsOver)
            return;
        if (tellsPeer && !IsWriting && SendAsync(FrameType.Reset).AsTask() is { IsCompletedSuccessfully: true, Result: true })
        {
            Close();
            return;
        }

        IsOver = true;
        transport.Abort();
    }

    /// <summary>Ends the tunnel because of what the other end did.</summary>
    internal void Abort(TunnelFault fault)
    {
        Fault = fault;
        Abort(tellsPeer: false);
    }

    // Whoever reads nothing at all would hold the stream, and what it was promised, for ever.
    private async ValueTask<bool> LimitAsync(ValueTask<bool> sending)
    {
        var timer = new WheelTimer(() => Abort(tellsPeer: false));
        worker.Timers.Schedule(timer, ControlLimit);
        var isSent = await sending;
        worker.Timers.Cancel(timer);
        return isSent;
    }

    private async Task RestAsync()
    {
        _isResting = true;
        await transport.WaitAsync();
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
        if (!IsWriting && transport.EndAsync().AsTask().IsCompleted)
            transport.Close();
        else
            transport.Abort();
    }
}
