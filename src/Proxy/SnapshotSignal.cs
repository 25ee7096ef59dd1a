using Proxy.Engine;

namespace Proxy;

/// <summary>Lets connections of one worker wait for the next mesh snapshot, within a limit.</summary>
internal sealed class SnapshotSignal(Worker worker)
{
    private HashSet<Waiter> _waiting = [];

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
        // Who waits again while this wakes the others waits for the snapshot after this one.
        var woken = _waiting;
        _waiting = [];
        foreach (var waiter in woken)
        {
            worker.Timers.Cancel(waiter.Timer);
            waiter.Completion.Complete(true);
        }
    }

    private void GiveUp(Waiter waiter)
    {
        if (_waiting.Remove(waiter))
            waiter.Completion.Complete(false);
    }

    private sealed class Waiter
    {
        internal Waiter(SnapshotSignal signal) => Timer = new WheelTimer(() => signal.GiveUp(this));

        internal Completion<bool> Completion { get; } = new();

        internal WheelTimer Timer { get; }
    }
}
