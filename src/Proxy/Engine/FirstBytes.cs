namespace Proxy.Engine;

/// <summary>
/// What a client has sent by the time its stream is opened: joins OPEN in one write, and is kept until the answer, for
/// the tunnel may have retired meanwhile.
/// </summary>
/// <param name="buffers">The worker's buffers.</param>
/// <param name="holder">Whose connection ends when others need the buffer: an answer may be long in coming.</param>
internal sealed class FirstBytes(BufferPool buffers, BufferHolder holder)
{
    private readonly LaneBuffer _buffer = new(buffers, holder);
    private bool _isTaken;

    /// <summary>How many bytes the client has sent; 0 also when it has ended or is gone, which reading will tell.</summary>
    internal int Count { get; private set; }

    internal ReadOnlyMemory<byte> Bytes => _buffer.Bytes.AsMemory(Leg.Headroom, Count);

    /// <summary>
    /// Takes what is there now, without waiting; a second time, nothing: it would come out of order. False when the
    /// client is gone.
    /// </summary>
    internal bool Take(PlainLeg client)
    {
        var bytes = _buffer.Bytes ?? _buffer.Take();
        if (_isTaken)
            return true;
        _isTaken = true;
        var count = client.ReadAvailable(bytes.AsSpan(Leg.Headroom, Lane.Chunk));
        Count = Math.Max(count, 0);
        return count != Leg.Broken;
    }

    /// <summary>Leaves what the client has sent where it is; what was taken before stays.</summary>
    internal void TakeNothing()
    {
        if (_buffer.Bytes is null)
            _buffer.Take();
        _isTaken = true;
    }

    /// <summary>Sends OPEN, and DATA if there is any. False when the tunnel is over.</summary>
    internal ValueTask<bool> SendAsync(Tunnel tunnel, StreamOpening opening)
    {
        const int OpenSize = TunnelFrame.HeaderSize + StreamOpening.Size;
        var stream = tunnel.Dialogue.Stream;
        var start = Leg.Headroom - OpenSize - (Count > 0 ? TunnelFrame.HeaderSize : 0);
        var span = _buffer.Bytes.AsSpan(start);
        new TunnelFrame(FrameType.Open, StreamOpening.Size, stream).Write(span);
        opening.Write(span[TunnelFrame.HeaderSize..]);
        if (Count > 0)
            new TunnelFrame(FrameType.Data, Count, stream).Write(span[OpenSize..]);
        return tunnel.SendAsync(_buffer.Bytes!, start, Leg.Headroom - start + Count);
    }

    /// <summary>Without bytes there is nothing to keep.</summary>
    internal void ReleaseIfEmpty()
    {
        if (Count == 0)
            Release();
    }

    internal void Release()
    {
        _buffer.Release();
        Count = 0;
    }
}
