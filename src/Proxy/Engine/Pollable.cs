using Proxy.Native;

namespace Proxy.Engine;

/// <summary>Something with a descriptor in a worker's epoll.</summary>
internal abstract class Pollable
{
    /// <summary>Called on the worker's thread with what the kernel reported.</summary>
    internal abstract void OnReady(Readiness ready);
}

/// <summary>Slot and generation: a token of a pollable that is gone finds nothing, even if the slot is in use again.</summary>
internal readonly record struct PollToken(ulong Value)
{
    internal static PollToken Of(int slot, uint generation) => new(((ulong)generation << 32) | (uint)slot);

    internal int Slot => (int)(uint)Value;

    internal uint Generation => (uint)(Value >> 32);
}

/// <summary>The pollables of one worker.</summary>
internal sealed class PollableTable
{
    private Pollable?[] _pollables = new Pollable?[256];
    private uint[] _generations = new uint[256];
    private readonly Stack<int> _free = new();
    private int _used;

    internal PollToken Add(Pollable pollable)
    {
        if (!_free.TryPop(out var slot))
            slot = Grow();
        _pollables[slot] = pollable;
        return PollToken.Of(slot, _generations[slot]);
    }

    internal Pollable? Find(ulong token)
    {
        var wanted = new PollToken(token);
        return wanted.Slot < _used && _generations[wanted.Slot] == wanted.Generation ? _pollables[wanted.Slot] : null;
    }

    internal void Remove(PollToken token)
    {
        if (Find(token.Value) is null)
            return;
        _pollables[token.Slot] = null;
        _generations[token.Slot]++;
        _free.Push(token.Slot);
    }

    private int Grow()
    {
        if (_used == _pollables.Length)
        {
            Array.Resize(ref _pollables, _used * 2);
            Array.Resize(ref _generations, _used * 2);
        }

        return _used++;
    }
}
