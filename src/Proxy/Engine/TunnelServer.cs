namespace Proxy.Engine;

/// <summary>A stream that the client's node wants to open.</summary>
internal readonly record struct OpenedStream(StreamOpening Opening, TunnelStream Leg);

/// <summary>The end of a tunnel that accepts streams: the node of the server.</summary>
/// <param name="worker">The worker of the tunnel.</param>
/// <param name="transport">The connection, with both ends proven.</param>
/// <param name="answerLimit">How long the client's node may leave an answer untaken.</param>
internal sealed class TunnelServer(Worker worker, Leg transport, TimeSpan answerLimit)
{
    // What the client's node may still send after RETIRE, before it has read it and ends the tunnel.
    internal static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    private readonly Tunnel _tunnel = new(worker, transport, new TunnelDialogue(isServer: true)) { ControlLimit = answerLimit };
    private WheelTimer? _linger;
    private bool _retiresWhenFree;
    private int _turn;

    internal TunnelFault Fault => _tunnel.Fault;

    internal bool IsOver => _tunnel.IsOver;

    /// <summary>True when the client's node ended the tunnel between two streams.</summary>
    internal bool EndedInOrder => _tunnel.EndedInOrder;

    /// <summary>Waits for the next stream; null when there will be none.</summary>
    internal async ValueTask<OpenedStream?> NextAsync()
    {
        if (_retiresWhenFree || _tunnel.Dialogue.IsRetired)
            await SayRetireAsync();
        while (await _tunnel.ReadFrameAsync())
        {
            await TakeTurnAsync();
            if (_tunnel.Frame.Type == FrameType.Reset)
            {
                _tunnel.Abort(tellsPeer: false);
                break;
            }

            var isOpening = _tunnel.Frame.Type == FrameType.Open && !_tunnel.Dialogue.IsRetired;
            if (!isOpening)
            {
                // Of a stream that was refused or not delivered.
                if (!await SkipPayloadAsync())
                    break;
                continue;
            }

            if (await ReadOpeningAsync() is not { } opening)
                break;
            return new OpenedStream(opening, new TunnelStream(_tunnel));
        }

        if (_linger is not null)
            worker.Timers.Cancel(_linger);
        return null;
    }

    /// <summary>
    /// Tells the client's node that the server has been reached, with the server's first bytes if they come at once.
    /// False when the tunnel is over.
    /// </summary>
    internal bool Accept()
    {
        _tunnel.Dialogue.Accept();
        return _tunnel.SendSoon(FrameType.Accept);
    }

    /// <summary>Tells the client's node that there will be no stream, and why; the tunnel can carry the next one.</summary>
    internal ValueTask<bool> RefuseAsync(TunnelStream stream, string reason, string detail)
    {
        stream.Dismiss();
        _tunnel.Dialogue.Refuse();
        return _tunnel.SendAsync(FrameType.Refuse, StreamRefusal.Write(_tunnel.Payload, reason, detail));
    }

    /// <summary>Retires the tunnel before the stream that was opened just now: the client's node opens it on another one.</summary>
    internal Task ExcludeAsync(TunnelStream stream)
    {
        stream.Dismiss();
        _tunnel.Dialogue.ExcludeCurrent();
        return SayRetireAsync();
    }

    /// <summary>No stream after the one that is under way, if there is one. The client's node then ends the tunnel.</summary>
    internal void Retire()
    {
        if (_tunnel.IsOver || _tunnel.Dialogue.IsRetired || _retiresWhenFree)
            return;
        _retiresWhenFree = true;
        if (_tunnel.Dialogue.IsFree && !_tunnel.IsWriting)
            _ = SayRetireAsync();
    }

    internal void Abort() => _tunnel.Abort(tellsPeer: true);

    // Streams that are refused, and what comes for them, wait for nothing.
    private async ValueTask TakeTurnAsync()
    {
        if (++_turn % Lane.Budget == 0)
            await worker.Yield();
    }

    private async Task SayRetireAsync()
    {
        if (_tunnel.IsOver || _linger is not null)
            return;
        worker.Timers.Schedule(_linger = new WheelTimer(Abort), Linger);
        // Within a stream it was said already, and the end waited for the stream's.
        _ = await _tunnel.RetireAsync() && await _tunnel.EndAsync();
    }

    private async ValueTask<StreamOpening?> ReadOpeningAsync()
    {
        var payload = new byte[StreamOpening.Size + TunnelFrame.HeaderSize];
        if (!await _tunnel.ReadPayloadAsync(payload))
            return null;
        if (StreamOpening.TryRead(payload, out var opening))
            return opening;
        _tunnel.Abort(TunnelFault.Malformed);
        return null;
    }

    private async ValueTask<bool> SkipPayloadAsync()
    {
        if (_tunnel.PayloadLeft == 0)
            return true;
        var buffer = worker.Buffers.Rent();
        var isRead = await _tunnel.ReadPayloadAsync(buffer);
        worker.Buffers.Return(buffer);
        return isRead;
    }
}
