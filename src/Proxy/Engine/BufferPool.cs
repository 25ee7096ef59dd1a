namespace Proxy.Engine;

/// <summary>
/// The buffers of one worker. Pinned, so that a system call needs no pinning of its own, and kept only up to a
/// bound: a burst does not stay in memory. As many are in use as the limit allows; for one more, the connection ends
/// that has held one the longest without moving on.
/// </summary>
internal sealed class BufferPool
{
    /// <summary>Two TLS records of the largest size (RFC 8446 §5.1), and the room in front of them.</summary>
    internal const int BufferSize = Leg.Headroom + (32 * 1024);

    /// <summary>8 MiB kept per worker at most.</summary>
    internal const int KeptBuffers = 256;

    private readonly Stack<byte[]> _kept = new(KeptBuffers);
    private readonly LinkedList<LaneBuffer> _held = [];
    private bool _isEnding;

    /// <summary>Buffers in use at once.</summary>
    internal int Limit { get; init; } = int.MaxValue;

    /// <summary>Buffers in use now.</summary>
    internal int Rented { get; private set; }

    /// <summary>Connections that were ended because others needed their buffer.</summary>
    internal long Ended { get; private set; }

    /// <summary>One worker's share of so many MiB, one buffer at least.</summary>
    internal static int CountOf(int mebibytes, int workers) => (int)Math.Max(1, mebibytes * 1024L * 1024 / BufferSize / workers);

    internal byte[] Rent()
    {
        if (Rented >= Limit && !_isEnding)
            EndLongestStalled();
        Rented++;
        return _kept.TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
    }

    internal void Return(byte[] buffer)
    {
        Rented--;
        if (_kept.Count < KeptBuffers)
            _kept.Push(buffer);
    }

    /// <summary>The lane moves on: every other one has been held for longer.</summary>
    internal void Remember(LinkedListNode<LaneBuffer> lane) => _held.AddLast(lane);

    internal void Forget(LinkedListNode<LaneBuffer> lane)
    {
        if (lane.List is not null)
            _held.Remove(lane);
    }

    // Where nobody is left to end there is one buffer too many.
    private void EndLongestStalled()
    {
        var lane = _held.First;
        while (lane is not null && lane.Value.OnShortage is null)
            lane = lane.Next;
        if (lane is null)
            return;
        _held.Remove(lane);
        Ended++;
        // Its lanes give their buffers back while it ends; one that waited to read takes one for a moment, to read the end.
        _isEnding = true;
        try
        {
            lane.Value.OnShortage!();
        }
        finally
        {
            _isEnding = false;
        }
    }
}
