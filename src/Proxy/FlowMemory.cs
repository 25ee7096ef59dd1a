using Proxy.Kernel;

namespace Proxy;

/// <summary>
/// The flows of one pod that were allowed and that the kernel does not ask about: what is in the kernel's set is here too,
/// so that after a change those that would be refused are taken out of it, and the others lose no packet.
/// </summary>
internal sealed class FlowMemory : IDisposable
{
    // The kernel counts whole seconds, from a little later on.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    // Packets of one flow that were waiting together.
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    private readonly Dictionary<FlowKey, RememberedFlow> _flows = [];

    // In the order of their times, those too that have been remembered again or forgotten since.
    private readonly Queue<(FlowKey Key, long Since)> _order = [];
    private readonly List<FlowKey> _leaving = [];
    private readonly FlowSet _set;
    private readonly TimeProvider _time;
    private readonly TimeSpan _limit;
    private readonly int _capacity;

    // The kernel may still have flows that are not here: they can only go with all the others.
    private bool _isFlushOwed;

    /// <param name="set">The kernel's side, which is emptied: who filled it may have judged by something else.</param>
    /// <param name="time">The clock.</param>
    /// <param name="limit">How long a flow is remembered.</param>
    /// <param name="capacity">How many flows are remembered.</param>
    internal FlowMemory(FlowSet set, TimeProvider time, TimeSpan limit, int capacity)
    {
        _set = set;
        _time = time;
        _limit = limit;
        _capacity = capacity;
        Clear();
    }

    /// <summary>How many flows are remembered.</summary>
    internal int Count => _flows.Count;

    /// <summary>False when it was remembered just now, by a packet that came with this one.</summary>
    internal bool Remember(in PacketQuestion question)
    {
        var key = FlowKey.Of(question);
        var isKnown = _flows.TryGetValue(key, out var entry);
        if (isKnown && _time.GetElapsedTime(entry.Since) < AtOnce)
            return false;
        ForgetOver();
        if (!isKnown && _flows.Count >= _capacity)
            Clear();
        var now = _time.GetTimestamp();
        _flows[key] = new RememberedFlow(question, now);
        _order.Enqueue((key, now));
        _set.Add(key, _limit);
        return true;
    }

    /// <summary>Forgets the flows that would not be allowed by now. False: the kernel has not, and must be told once more.</summary>
    internal bool KeepOnly(Func<PacketQuestion, bool> isAllowed)
    {
        var isTaken = false;
        try
        {
            isTaken = !_isFlushOwed && TryForget(isAllowed);
        }
        finally
        {
            // What the kernel did not let go of, or nobody can judge, goes with all the others.
            if (!isTaken)
                Clear();
        }

        return !_isFlushOwed;
    }

    private bool TryForget(Func<PacketQuestion, bool> isAllowed)
    {
        _leaving.Clear();
        foreach (var (key, entry) in _flows)
        {
            if (IsOver(entry) || !isAllowed(entry.Question))
                _leaving.Add(key);
        }

        var isTaken = true;
        foreach (var key in _leaving)
        {
            _flows.Remove(key);
            isTaken &= _set.TryRemove(key);
        }

        return isTaken;
    }

    public void Dispose() => _set.Dispose();

    // The kernel has forgotten these already. Each leaves once, however many there are.
    private void ForgetOver()
    {
        while (_order.TryPeek(out var oldest))
        {
            var isNewest = _flows.TryGetValue(oldest.Key, out var entry) && entry.Since == oldest.Since;
            if (isNewest && !IsOver(entry))
                return;
            if (isNewest)
                _flows.Remove(oldest.Key);
            _order.Dequeue();
        }
    }

    private void Clear()
    {
        _flows.Clear();
        _order.Clear();
        _isFlushOwed = true;
        _isFlushOwed = !_set.TryFlush();
    }

    private bool IsOver(in RememberedFlow entry) => _time.GetElapsedTime(entry.Since) > _limit + Slack;

    private readonly record struct RememberedFlow(PacketQuestion Question, long Since);
}
