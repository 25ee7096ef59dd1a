namespace Proxy.Engine;

/// <summary>Why a relayed connection must end that neither of its ends has ended.</summary>
internal enum RelayEnd
{
    Idle,
    HalfOpen,
    NoBuffer,
}

/// <summary>
/// Ends a relayed connection that is silent for too long, or holds a buffer that others need more. A byte that moves
/// costs one store: the timer looks when it fires how long ago that was.
/// </summary>
internal sealed class RelayWatch
{
    private readonly Worker _worker;
    private readonly RelayLimits _limits;
    private readonly Action<RelayEnd> _end;
    private readonly WheelTimer? _timer;
    private long _moved;
    private bool _isHalfOpen;

    /// <param name="worker">The worker of both legs.</param>
    /// <param name="limits">What is too long.</param>
    /// <param name="end">Resets both legs.</param>
    /// <param name="workload">Whose connection it is, where buffers are short.</param>
    internal RelayWatch(Worker worker, RelayLimits limits, Action<RelayEnd> end, string workload = "")
    {
        (_worker, _limits, _end) = (worker, limits, end);
        Holder = new BufferHolder(workload, () => end(RelayEnd.NoBuffer));
        if (limits != RelayLimits.None)
            _timer = new WheelTimer(Look);
    }

    internal BufferHolder Holder { get; }

    internal void Start()
    {
        Moved();
        if (_limits.Idle > TimeSpan.Zero)
            _worker.Timers.Schedule(_timer!, _limits.Idle);
    }

    internal void Moved() => _moved = _worker.Timers.Now;

    internal void HalfEnded()
    {
        _isHalfOpen = true;
        Moved();
        if (_timer is not null && FindLimit().Limit is var limit && limit > TimeSpan.Zero)
            _worker.Timers.Schedule(_timer, limit);
    }

    internal void Stop()
    {
        if (_timer is not null)
            _worker.Timers.Cancel(_timer);
    }

    private void Look()
    {
        var (limit, end) = FindLimit();
        var left = limit - _worker.Timers.Since(_moved);
        if (left > TimeSpan.Zero)
            _worker.Timers.Schedule(_timer!, left);
        else
            _end(end);
    }

    // The shorter one of those that apply.
    private (TimeSpan Limit, RelayEnd End) FindLimit()
    {
        var halfOpenApplies = _isHalfOpen && _limits.HalfOpen > TimeSpan.Zero;
        return halfOpenApplies && (_limits.Idle == TimeSpan.Zero || _limits.HalfOpen <= _limits.Idle)
            ? (_limits.HalfOpen, RelayEnd.HalfOpen)
            : (_limits.Idle, RelayEnd.Idle);
    }
}
