namespace Proxy.Engine;

/// <summary>
/// One direction of a connection: read into a buffer, write from the same buffer. Not reading is the backpressure;
/// an end is passed on as a half-close.
/// </summary>
internal static class Lane
{
    /// <summary>Chunks without a wait after which a busy lane lets the worker's other connections go first.</summary>
    internal const int Budget = 16;

    /// <summary>Bytes read at once: with the header of a tunnel's frame they fill two TLS records (RFC 8446 §5.1).</summary>
    internal const int Chunk = (32 * 1024) - TunnelFrame.HeaderSize;

    /// <summary>True when the direction ended in order and the end was passed on.</summary>
    internal static async ValueTask<bool> RunAsync(Worker worker, Leg from, Leg to, RelayWatch? watch = null)
    {
        var buffer = new LaneBuffer(worker.Buffers, watch?.Holder);
        try
        {
            for (var turn = 1; ; turn++)
            {
                var ready = from.WaitAsync();
                if (!ready.IsCompletedSuccessfully)
                {
                    buffer.Release();
                    await ready;
                    turn = 1;
                }

                var bytes = buffer.Take();
                var count = await from.ReadAsync(bytes.AsMemory(Leg.Headroom, Chunk));
                if (count <= 0)
                {
                    watch?.HalfEnded();
                    return count == 0 && await to.EndAsync();
                }

                watch?.Moved();
                if (!await to.PassAsync(bytes, Leg.Headroom, count, from.IsAtEnd))
                    return false;
                if (turn % Budget == 0)
                {
                    // Who waits for its turn holds nothing, and is nobody's reason for a shortage.
                    buffer.Release();
                    await worker.Yield();
                }
            }
        }
        finally
        {
            buffer.Release();
        }
    }
}
