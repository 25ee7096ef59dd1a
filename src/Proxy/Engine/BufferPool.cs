namespace Proxy.Engine;

/// <summary>
/// The buffers of one worker. Pinned, so that a system call needs no pinning of its own, and kept only up to a
/// bound: a burst does not stay in memory.
/// </summary>
internal sealed class BufferPool
{
    /// <summary>Two TLS records of the largest size (RFC 8446 §5.1), and the room in front of them.</summary>
    internal const int BufferSize = Leg.Headroom + (32 * 1024);

    /// <summary>8 MiB kept per worker at most.</summary>
    internal const int KeptBuffers = 256;

    private readonly Stack<byte[]> _kept = new(KeptBuffers);

    /// <summary>Buffers in use now.</summary>
    internal int Rented { get; private set; }

    internal byte[] Rent()
    {
        Rented++;
        return _kept.TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
    }

    internal void Return(byte[] buffer)
    {
        Rented--;
        if (_kept.Count < KeptBuffers)
            _kept.Push(buffer);
    }
}
