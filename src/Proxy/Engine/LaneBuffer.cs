namespace Proxy.Engine;

/// <summary>
/// The buffer of one lane, while it has bytes under way. The pool knows which lane has held its buffer the longest
/// without moving on, and ends that lane's connection when there are no buffers left for the others.
/// </summary>
internal sealed class LaneBuffer
{
    private readonly BufferPool _pool;
    private readonly LinkedListNode<LaneBuffer> _place;
    private byte[]? _bytes;

    /// <param name="pool">The worker's buffers.</param>
    /// <param name="onShortage">Ends the lane's connection; null when nothing may.</param>
    internal LaneBuffer(BufferPool pool, Action? onShortage)
    {
        _pool = pool;
        _place = new LinkedListNode<LaneBuffer>(this);
        OnShortage = onShortage;
    }

    internal Action? OnShortage { get; }

    /// <summary>Null while there is nothing under way.</summary>
    internal byte[]? Bytes => _bytes;

    /// <summary>The buffer, for the next bytes: the lane moves on.</summary>
    internal byte[] Take()
    {
        if (_bytes is not null)
            _pool.Forget(_place);
        _bytes ??= _pool.Rent();
        _pool.Remember(_place);
        return _bytes;
    }

    internal void Release()
    {
        if (_bytes is null)
            return;
        _pool.Forget(_place);
        _pool.Return(_bytes);
        _bytes = null;
    }
}
