namespace Proxy.Engine;

/// <summary>
/// The buffers of one worker. Pinned, so that a system call needs no pinning of its own, and kept only up to a
/// bound: a burst does not stay in memory. As many are in use as the limit allows; for one more, of the workload whose
/// connections hold the most, the one ends that has held its buffer the longest without moving on.
/// </summary>
internal sealed class BufferPool
{
    /// <summary>Two TLS records of the largest size (RFC 8446 §5.1), and the room in front of them.</summary>
    internal const int BufferSize = Leg.Headroom + (32 * 1024);

    /// <summary>8 MiB kept per worker at most.</summary>
    internal const int KeptBuffers = 256;

    /// <summary>Workloads that may hold nothing before those are forgotten.</summary>
    private const int FewIdle = 64;

    private readonly Stack<byte[]> _kept = new(KeptBuffers);
    // Who holds a buffer, by workload; in each, the first is the lane that has not moved for the longest. A list stays when
    // it is empty: a lane that waits gives its buffer back, and takes one again with the next bytes.
    private readonly Dictionary<string, LinkedList<LaneBuffer>> _held = new(StringComparer.Ordinal);
    private int _forgetsAt = FewIdle;
    private long _moves;
    private bool _isEnding;

    /// <summary>Workloads that are known, whether they hold something or not.</summary>
    internal int Known => _held.Count;

    /// <summary>Buffers in use at once.</summary>
    internal int Limit { get; init; } = int.MaxValue;

    /// <summary>Buffers in use now.</summary>
    internal int Rented { get; private set; }

    /// <summary>Connections that were ended because others needed their buffer.</summary>
    internal long Ended { get; private set; }

    /// <summary>One worker's share of so many MiB, one buffer at least.</summary>
    internal static int CountOf(int mebibytes, int workers) => (int)Math.Max(1, mebibytes * 1024L * 1024 / BufferSize / workers);

    /// <param name="holder">Whose connection wants it, as far as that counts for the limit.</param>
    internal byte[] Rent(BufferHolder? holder = null)
    {
        if (Rented >= Limit && !_isEnding)
            EndOneOfTheMost(holder?.Workload);
        Rented++;
        return _kept.TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
    }

    internal void Return(byte[] buffer)
    {
        Rented--;
        if (_kept.Count < KeptBuffers)
            _kept.Push(buffer);
    }

    /// <summary>The lane has a buffer from now on, or moves on with the one that it has.</summary>
    /// <returns>When that was, compared to other lanes.</returns>
    internal long Remember(LinkedListNode<LaneBuffer> lane)
    {
        if (lane.List is { } list)
            list.Remove(lane);
        else
            list = ListOf(lane.Value.Holder);
        list.AddLast(lane);
        return ++_moves;
    }

    internal static void Forget(LinkedListNode<LaneBuffer> lane) => lane.List?.Remove(lane);

    private LinkedList<LaneBuffer> ListOf(BufferHolder holder)
    {
        if (_held.TryGetValue(holder.Workload, out var list))
            return list;
        ForgetIdle();
        list = [];
        _held.Add(holder.Workload, list);
        return list;
    }

    // Not at each new one, but when as many have come as had been left.
    private void ForgetIdle()
    {
        if (_held.Count < _forgetsAt)
            return;
        foreach (var (workload, list) in _held)
        {
            if (list.Count == 0)
                _held.Remove(workload);
        }

        _forgetsAt = _held.Count + Math.Max(_held.Count, FewIdle);
    }

    // Where nobody is left to end there is one buffer too many.
    private void EndOneOfTheMost(string? wantedBy)
    {
        if (FindLongestStalledOfTheMost(wantedBy) is not { } lane)
            return;
        Forget(lane);
        Ended++;
        // Its lanes give their buffers back while it ends; one that waited to read takes one for a moment, to read the end.
        _isEnding = true;
        try
        {
            lane.Value.Holder.End();
        }
        finally
        {
            _isEnding = false;
        }
    }

    // Whoever holds little is nobody's reason for a shortage, however long it has held that.
    private LinkedListNode<LaneBuffer>? FindLongestStalledOfTheMost(string? wantedBy)
    {
        LinkedListNode<LaneBuffer>? found = null;
        var most = 0;
        foreach (var (workload, list) in _held)
        {
            if (list.Count == 0)
                continue;
            var (first, count) = (list.First!, list.Count + (workload == wantedBy ? 1 : 0));
            if (count < most || (count == most && first.Value.MovedAt > found!.Value.MovedAt))
                continue;
            (found, most) = (first, count);
        }

        return found;
    }
}
