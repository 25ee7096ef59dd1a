namespace Proxy.Engine;

/// <summary>
/// One socket of a connection. Everything completes on the owning worker, mostly at once, and nothing allocates.
/// A leg is born abortive: until both directions have ended in order, closing it resets the connection, so that a
/// crash never looks like success.
/// </summary>
internal abstract class Leg
{
    /// <summary>What <see cref="ReadAsync"/> answers for a connection that was reset, aborted or cut short.</summary>
    internal const int Broken = -1;

    /// <summary>Bytes that a lane leaves free before those that it passes on: room for what a leg puts in front of them.</summary>
    internal const int Headroom = 32;

    /// <summary>
    /// Called when the connection was reset, also while nobody was reading or writing it; whoever relays it ends the
    /// other leg.
    /// </summary>
    internal abstract Action? OnReset { get; set; }

    /// <summary>Completes when a read would not wait. Costs no buffer, so an idle connection holds none.</summary>
    internal abstract ValueTask WaitAsync();

    /// <summary>Bytes read, 0 at the peer's orderly end, <see cref="Broken"/> otherwise. One read at a time.</summary>
    internal abstract ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <summary>True when bytes are there that a read gets at once; false also where that is not known.</summary>
    internal virtual bool HasBytes => false;

    /// <summary>
    /// True when nothing is left to read but the peer's orderly end, as far as that is known without waiting: the next
    /// read says so at once.
    /// </summary>
    internal virtual bool IsAtEnd => false;

    /// <summary>True when another connection may be waiting for this one to be over.</summary>
    internal virtual bool HoldsNext => false;

    /// <summary>True when all bytes were handed to the kernel; false when the connection is broken. One write at a time.</summary>
    internal abstract ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>
    /// Writes bytes of a lane's buffer as <see cref="WriteAsync"/> does. The <see cref="Headroom"/> bytes before them
    /// are the leg's to overwrite, so that it need not copy.
    /// </summary>
    /// <param name="buffer">The lane's buffer.</param>
    /// <param name="start">Where the bytes begin.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="isLast">
    /// <see cref="EndAsync"/> comes next: a leg may say both at once, and overwrite what is behind the bytes as well.
    /// </param>
    internal virtual ValueTask<bool> PassAsync(byte[] buffer, int start, int count, bool isLast = false) =>
        WriteAsync(buffer.AsMemory(start, count));

    /// <summary>
    /// Half-close: no more bytes will be written, reading goes on. False when the connection is broken. Once more, it
    /// does nothing.
    /// </summary>
    internal abstract ValueTask<bool> EndAsync();

    /// <summary>Releases the socket after both directions ended in order: no reset.</summary>
    internal abstract void Close();

    /// <summary>Resets the connection; pending reads and writes complete as broken.</summary>
    internal abstract void Abort();
}
