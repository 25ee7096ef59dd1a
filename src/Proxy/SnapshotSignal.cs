using Proxy.Engine;

namespace Proxy;

/// <summary>Lets connections of one worker wait for the next mesh snapshot, within a limit.</summary>
internal sealed class SnapshotSignal(Worker worker)
{
    private readonly List<Waiter> _waiting = [];

    /// <summary>True when a new snapshot came, false when the limit passed first.</summary>
    internal ValueTask<bool> NextAsync(TimeSpan limit)
    {
        var waiter = new Waiter(this);
        _waiting.Add(waiter);
        worker.Timers.Schedule(waiter.Timer, limit);
        return waiter.Completion.Arm();
    }

    /// <summary>Wakes everyone who waits now; on the worker's thread.</summary>
    internal void Signal()
    {
        Waiter[] woken = [.. _waiting];
        foreach (var waiter in woken)
            End(waiter, true);
    }

    private void End(Waiter waiter, bool changed)
    {
        if (!_waiting.Remove(waiter))
            return;
        worker.Timers.Cancel(waiter.Timer);
        waiter.Completion.Complete(changed);
    }

    private sealed class Waiter
    {
        internal Waiter(SnapshotSignal signal) => Timer = new WheelTimer(() => signal.End(this, false));

        internal Completion<bool> Completion { get; } = new();

        internal WheelTimer Timer { get; }
    }
}
