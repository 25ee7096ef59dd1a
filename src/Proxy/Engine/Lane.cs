namespace Proxy.Engine;

/// <summary>
/// One direction of a connection: read into a buffer, write from the same buffer. Not reading is the backpressure;
/// an end is passed on as a half-close.
/// </summary>
internal static class Lane
{
    /// <summary>Chunks after which a busy lane lets the worker's other connections go first.</summary>
    internal const int Budget = 16;

    /// <summary>Bytes read at once: with the header of a tunnel's frame they fill two TLS records (RFC 8446 §5.1).</summary>
    internal const int Chunk = (32 * 1024) - TunnelFrame.HeaderSize;

    /// <summary>True when the direction ended in order and the end was passed on.</summary>
    internal static async ValueTask<bool> RunAsync(Worker worker, Leg from, Leg to)
    {
        byte[]? buffer = null;
        try
        {
            for (var turn = 1; ; turn++)
            {
                var ready = from.WaitAsync();
                if (!ready.IsCompletedSuccessfully)
                {
                    Release(worker, ref buffer);
                    await ready;
                }

                buffer ??= worker.Buffers.Rent();
                var count = await from.ReadAsync(buffer.AsMemory(Leg.Headroom, Chunk));
                if (count <= 0)
                    return count == 0 && await to.EndAsync();
                if (!await to.PassAsync(buffer, Leg.Headroom, count))
                    return false;
                if (turn % Budget == 0)
                    await worker.Yield();
            }
        }
        finally
        {
            Release(worker, ref buffer);
        }
    }

    private static void Release(Worker worker, ref byte[]? buffer)
    {
        if (buffer is null)
            return;
        worker.Buffers.Return(buffer);
        buffer = null;
    }
}
