namespace Proxy.Engine;

/// <summary>Who has a connection's buffers under way, and what ends the connection when others need them.</summary>
/// <param name="Workload">Whose the connection is: what it holds counts with all that this one holds.</param>
/// <param name="End">Ends the connection.</param>
internal sealed record BufferHolder(string Workload, Action End);

/// <summary>
/// The buffer of one lane, while it has bytes under way. The pool knows which lane has held its buffer the longest
/// without moving on, and ends that lane's connection when there are no buffers left for the others.
/// </summary>
internal sealed class LaneBuffer
{
    private readonly BufferPool _pool;
    private readonly BufferHolder? _holder;
    private readonly LinkedListNode<LaneBuffer> _place;
    private byte[]? _bytes;

    /// <param name="pool">The worker's buffers.</param>
    /// <param name="holder">Whose connection ends when others need the buffer; null when none may.</param>
    internal LaneBuffer(BufferPool pool, BufferHolder? holder)
    {
        _pool = pool;
        _holder = holder;
        _place = new LinkedListNode<LaneBuffer>(this);
    }

    /// <summary>Of a lane that the pool remembers.</summary>
    internal BufferHolder Holder => _holder!;

    /// <summary>Grows with every lane that moves on.</summary>
    internal long MovedAt { get; private set; }

    /// <summary>Null while there is nothing under way.</summary>
    internal byte[]? Bytes => _bytes;

    /// <summary>The buffer, for the next bytes: the lane moves on.</summary>
    internal byte[] Take()
    {
        _bytes ??= _pool.Rent(_holder);
        if (_holder is not null)
            MovedAt = _pool.Remember(_place);
        return _bytes;
    }

    internal void Release()
    {
        if (_bytes is null)
            return;
        BufferPool.Forget(_place);
        _pool.Return(_bytes);
        _bytes = null;
    }
}
