using Proxy.Kernel;

namespace Proxy;

/// <summary>
/// Refusals that were told just now, of one pod: a flood of refused packets of one flow, or of many, must not push everything else
/// out of the ring of flows. What is refused stays refused; it is only told less often.
/// </summary>
internal sealed class ToldRefusals(TimeProvider time, int capacity = ToldRefusals.DefaultCapacity)
{
    /// <summary>How many are told within one interval at most: two records each, an eighth of the ring.</summary>
    internal const int DefaultCapacity = 256;

    /// <summary>How long nothing more is told of the same peer, protocol and port.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly HashSet<FlowKey> _told = new(capacity);
    private readonly Queue<(FlowKey Key, long Since)> _inOrder = new(capacity);

    /// <summary>How many are remembered.</summary>
    internal int Count => _told.Count;

    /// <summary>True when the refusal is to be told; then it counts as told.</summary>
    internal bool MayTell(in PacketQuestion question)
    {
        while (_inOrder.TryPeek(out var first) && time.GetElapsedTime(first.Since) >= Interval)
            _told.Remove(_inOrder.Dequeue().Key);
        if (_told.Count >= capacity)
            return false;
        // Of ICMP the type is the port; the code may be anything.
        var key = FlowKey.Of(question) with { Code = 0 };
        if (!_told.Add(key))
            return false;
        _inOrder.Enqueue((key, time.GetTimestamp()));
        return true;
    }
}
