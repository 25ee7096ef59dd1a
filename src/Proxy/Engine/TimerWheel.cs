namespace Proxy.Engine;

/// <summary>
/// The time-outs of one worker, in ticks of 25 ms: setting and clearing one costs a list operation and no memory.
/// A timer fires up to one tick late, never early.
/// </summary>
internal sealed class TimerWheel
{
    internal static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(25);
    private const int SlotCount = 512;

    /// <summary>Timers that fire in one pass of the worker's loop; the others fire in the next.</summary>
    internal const int FireBatch = 256;

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly WheelTimer[] _slots = new WheelTimer[SlotCount];
    private readonly WheelTimer _due = WheelTimer.NewHead();
    private long _tick;

    internal TimerWheel(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
        for (var i = 0; i < SlotCount; i++)
            _slots[i] = WheelTimer.NewHead();
    }

    internal int Pending { get; private set; }

    /// <summary>Arms a timer; one that is armed already is moved.</summary>
    internal void Schedule(WheelTimer timer, TimeSpan delay)
    {
        Cancel(timer);
        timer.DueTick = CurrentTick() + Math.Max(1, (delay.Ticks + Tick.Ticks - 1) / Tick.Ticks) + 1;
        timer.LinkBefore(_slots[timer.DueTick % SlotCount]);
        Pending++;
    }

    internal void Cancel(WheelTimer timer)
    {
        if (!timer.IsLinked)
            return;
        timer.Unlink();
        Pending--;
    }

    /// <summary>The tick of the last pass; cheap, and never more than a pass old.</summary>
    internal long Now => _tick;

    /// <summary>The time since a tick that was <see cref="Now"/>.</summary>
    internal TimeSpan Since(long tick) => (CurrentTick() - tick) * Tick;

    /// <summary>For epoll_wait: −1 when nothing is pending.</summary>
    internal int MillisecondsToNext() => Pending == 0 ? -1 : _due.Next != _due ? 0 : (int)Tick.TotalMilliseconds;

    internal void Advance()
    {
        var now = CurrentTick();
        if (Pending == 0)
            _tick = now;
        // After a long pause one full turn visits every slot; more turns would find nothing new.
        for (_tick = Math.Max(_tick, now - SlotCount); _tick < now; _tick++)
            SetApart(_slots[(_tick + 1) % SlotCount], _tick + 1);
        Fire();
    }

    // Set apart first, then fired: firing may cancel and arm any other timer.
    private void SetApart(WheelTimer head, long tick)
    {
        for (var timer = head.Next; timer != head;)
        {
            var next = timer.Next;
            if (timer.DueTick <= tick)
            {
                timer.Unlink();
                timer.LinkBefore(_due);
            }

            timer = next;
        }
    }

    private void Fire()
    {
        for (var left = FireBatch; left > 0 && _due.Next != _due; left--)
        {
            var timer = _due.Next;
            Cancel(timer);
            timer.Fire();
        }
    }

    private long CurrentTick() => _time.GetElapsedTime(_start).Ticks / Tick.Ticks;
}

/// <summary>One time-out; owned and reused by whoever waits.</summary>
internal sealed class WheelTimer(Action onFire)
{
    private WheelTimer? _previous;
    private WheelTimer? _next;

    internal long DueTick { get; set; }

    internal bool IsLinked => _next is not null;

    internal WheelTimer Next => _next!;

    internal static WheelTimer NewHead()
    {
        var head = new WheelTimer(static () => { });
        head._previous = head._next = head;
        return head;
    }

    internal void Fire() => onFire();

    internal void LinkBefore(WheelTimer head)
    {
        _previous = head._previous;
        _next = head;
        head._previous!._next = this;
        head._previous = this;
    }

    internal void Unlink()
    {
        _previous!._next = _next;
        _next!._previous = _previous;
        _previous = _next = null;
    }
}
