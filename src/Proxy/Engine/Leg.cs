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

    /// <summary>
    /// Called when the connection was reset while nobody was reading or writing it; whoever relays it ends the
    /// other leg.
    /// </summary>
    internal abstract Action? OnReset { get; set; }

    /// <summary>Completes when a read would not wait. Costs no buffer, so an idle connection holds none.</summary>
    internal abstract ValueTask WaitAsync();

    /// <summary>Bytes read, 0 at the peer's orderly end, <see cref="Broken"/> otherwise. One read at a time.</summary>
    internal abstract ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <summary>True when all bytes were handed to the kernel; false when the connection is broken. One write at a time.</summary>
    internal abstract ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Half-close: no more bytes will be written, reading goes on. False when the connection is broken.</summary>
    internal abstract ValueTask<bool> EndAsync();

    /// <summary>Releases the socket after both directions ended in order: no reset.</summary>
    internal abstract void Close();

    /// <summary>Resets the connection; pending reads and writes complete as broken.</summary>
    internal abstract void Abort();
}
