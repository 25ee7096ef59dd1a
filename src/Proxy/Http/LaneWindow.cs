using System.Runtime.CompilerServices;
using Proxy.Engine;

namespace Proxy.Http;

/// <summary>The bytes of one direction that were read and have not gone on; holds a buffer only while there are any.</summary>
internal sealed class LaneWindow(Worker worker, Leg from, RelayWatch? watch)
{
    private readonly LaneBuffer _buffer = new(worker.Buffers, watch?.Holder);
    private int _start = Leg.Headroom;
    private int _end = Leg.Headroom;
    private int _turn;

    internal ReadOnlyMemory<byte> Bytes => _start == _end ? default : _buffer.Bytes.AsMemory(_start, _end - _start);

    /// <summary>Set when the other end has ended in order.</summary>
    internal bool IsEnded { get; private set; }

    internal void Advance(int count) => _start += count;

    /// <summary>Writes the first bytes to another leg, from where they are. What is before them has gone on.</summary>
    internal ValueTask<bool> PassAsync(Leg to, int count) => to.PassAsync(_buffer.Bytes!, _start, count);

    /// <summary>Reads behind the bytes that are there; false when the leg is broken.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> FillAsync()
    {
        if (_start == _end)
            _start = _end = Leg.Headroom;
        var ready = from.WaitAsync();
        if (!ready.IsCompletedSuccessfully)
        {
            if (_end == Leg.Headroom)
                Release();
            await ready;
            _turn = 0;
        }

        var buffer = _buffer.Take();
        MakeRoom(buffer);
        var count = await from.ReadAsync(buffer.AsMemory(_end, Math.Min(buffer.Length - _end, Lane.Chunk)));
        IsEnded = count == 0;
        _end += Math.Max(count, 0);
        Tell(count);
        return count >= 0;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask TakeTurnAsync()
    {
        if (++_turn % Lane.Budget == 0)
            await worker.Yield();
    }

    internal void Release()
    {
        _buffer.Release();
        _start = _end = Leg.Headroom;
    }

    private void Tell(int count)
    {
        if (count > 0)
            watch?.Moved();
        else
            watch?.HalfEnded();
    }

    // Only the beginning of a head is ever moved: everything else has gone on before more is read.
    private void MakeRoom(byte[] buffer)
    {
        if (_end < buffer.Length || _start == Leg.Headroom)
            return;
        buffer.AsSpan(_start, _end - _start).CopyTo(buffer.AsSpan(Leg.Headroom));
        (_start, _end) = (Leg.Headroom, Leg.Headroom + _end - _start);
    }
}
