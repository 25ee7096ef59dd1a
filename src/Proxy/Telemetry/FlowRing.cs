namespace Proxy.Telemetry;

/// <summary>How a read from the ring ended.</summary>
internal enum FlowReadResult
{
    Read,

    /// <summary>Nothing newer is there yet.</summary>
    End,

    /// <summary>The asked record has been overwritten; the reader is behind.</summary>
    Overrun,
}

/// <summary>
/// The last flows of this node, in slots made once. Any thread may write; readers follow by sequence
/// number, and one that is too slow loses records instead of holding memory or a writer.
/// </summary>
internal sealed class FlowRing(string nodeName, TimeProvider time, int capacity = FlowRing.DefaultCapacity)
{
    public const int DefaultCapacity = 4095;

    private readonly FlowRecord[] _records = new FlowRecord[capacity];
    private readonly byte[] _texts = new byte[capacity * FlowRecord.TextCapacity];
    private readonly Lock _gate = new();
    private readonly long _startedAt = time.GetTimestamp();
    private long _next;
    private long _lastTicks;
    private long _lost;
    private Awakening? _waiting;

    public string NodeName { get; } = nodeName;

    public TimeProvider Time { get; } = time;

    public int Capacity => capacity;

    public TimeSpan Uptime => Time.GetElapsedTime(_startedAt);

    /// <summary>Records that a follower wanted and that were overwritten before it came.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>The number that the next record will get, which is also how many were ever written.</summary>
    public long Next
    {
        get
        {
            lock (_gate)
                return _next;
        }
    }

    /// <summary>The number of the oldest record still held; equals <see cref="Next"/> when there is none.</summary>
    public long Oldest => Math.Max(0, Next - capacity);

    /// <summary>Copies the event into the oldest slot. Allocates nothing, waits for at most one other copy.</summary>
    public void Write(in FlowEvent flow)
    {
        var now = Time.GetUtcNow().UtcTicks;
        Awakening? wake;
        lock (_gate)
        {
            // A clock set back must not turn the order of flows around.
            _lastTicks = Math.Max(_lastTicks, now);
            var slot = (int)(_next % capacity);
            _records[slot].Fill(flow, _lastTicks, Text(slot));
            _next++;
            wake = _waiting;
            _waiting = null;
        }

        if (wake is not null)
            ThreadPool.UnsafeQueueUserWorkItem(wake, preferLocal: false);
    }

    /// <summary>Copies one record out. <paramref name="text"/> holds <see cref="FlowRecord.TextCapacity"/> bytes.</summary>
    public FlowReadResult Read(long sequence, out FlowRecord record, Span<byte> text)
    {
        lock (_gate)
        {
            record = default;
            if (sequence >= _next)
                return FlowReadResult.End;
            if (sequence < _next - capacity)
                return FlowReadResult.Overrun;
            var slot = (int)(sequence % capacity);
            record = _records[slot];
            Text(slot)[..record.TextLength].CopyTo(text);
            return FlowReadResult.Read;
        }
    }

    /// <summary>Completes when a record with this number exists.</summary>
    public Task WaitAsync(long sequence, CancellationToken stop)
    {
        lock (_gate)
        {
            if (sequence < _next)
                return Task.CompletedTask;
            _waiting ??= new Awakening();
            return _waiting.Task.WaitAsync(stop);
        }
    }

    public void CountLost(long count) => Interlocked.Add(ref _lost, count);

    private Span<byte> Text(int slot) => _texts.AsSpan(slot * FlowRecord.TextCapacity, FlowRecord.TextCapacity);

    /// <summary>Made by a follower, queued by a writer: so that waking costs the writer no allocation.</summary>
    private sealed class Awakening : IThreadPoolWorkItem
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => _done.Task;

        public void Execute() => _done.TrySetResult();
    }
}
