using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Proxy.Native;

namespace Proxy.Engine;

/// <summary>
/// One thread with its own epoll, buffers, timers and connections. Whatever awaits a worker's legs, timers or
/// <see cref="Yield"/> resumes on that thread, inline; nothing of a connection ever runs elsewhere.
/// </summary>
internal sealed class Worker : IDisposable
{
    /// <summary>Events of one pass: what the last of them waits for.</summary>
    private const int EventBatch = 64;

    /// <summary>That a worker holds for itself: its epoll, what wakes it, and the spare one.</summary>
    internal const int Descriptors = 3;

    /// <summary>Yielding lanes that go on in one pass: a lane's turn costs up to half a millisecond, and whoever has an event goes first.</summary>
    private const int YieldBatch = 8;

    /// <summary>Posted actions of one pass.</summary>
    private const int MailBatch = 64;
    private const uint WakeSlot = uint.MaxValue;

    [ThreadStatic]
    private static Worker? s_current;

    private readonly Epoll _epoll = new(EventBatch);
    private readonly EventCounter _wake = new();
    private readonly ConcurrentQueue<Action> _mailbox = new();
    private readonly Thread _thread;
    private readonly Action<Exception> _onFault;
    private readonly PollableTable _pollables = new();
    private readonly Action _advanceTimers;
    private readonly Action _advanceHandshakes;
    private readonly Queue<Action> _yielded = new();
    private readonly Queue<(long Pass, Action Action)> _postponed = new();
    private long _pass;
    private volatile bool _stopping;

    /// <param name="index">Position among the workers of the process, from 0.</param>
    /// <param name="time">Drives the timers.</param>
    /// <param name="onFault">Told of exceptions that nobody handled: each is a bug, the worker goes on.</param>
    internal Worker(int index, TimeProvider time, Action<Exception> onFault)
    {
        Index = index;
        Timers = new TimerWheel(time);
        _advanceTimers = Timers.Advance;
        _advanceHandshakes = () => Handshakes.Advance();
        _onFault = onFault;
        _epoll.Watch(_wake.Descriptor, WakeSlot, Readiness.Readable);
        _thread = new Thread(Run) { Name = $"worker-{index}", IsBackground = true };
    }

    /// <summary>The worker of the calling thread; null on any other thread.</summary>
    internal static Worker? Current => s_current;

    internal int Index { get; }

    internal TimerWheel Timers { get; }

    internal BufferPool Buffers { get; init; } = new();

    internal HandshakeTurns Handshakes { get; init; } = new();

    internal SpareDescriptor Spare { get; } = new();

    internal void Start() => _thread.Start();

    /// <summary>Runs an action on the worker's thread, soon; from any thread.</summary>
    internal void Post(Action action)
    {
        _mailbox.Enqueue(action);
        _wake.Signal();
    }

    /// <summary>Runs a function on the worker's thread and hands its result to the caller's thread.</summary>
    internal Task<T> InvokeAsync<T>(Func<T> function)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                completion.SetResult(function());
            }
#pragma warning disable CA1031 // the exception belongs to the caller, whatever it is
            catch (Exception e)
#pragma warning restore CA1031
            {
                completion.SetException(e);
            }
        });
        return completion.Task;
    }

    /// <summary>Runs an action on this, the worker's own, thread after every other connection had its turn.</summary>
    internal void Defer(Action action) => _yielded.Enqueue(action);

    /// <summary>
    /// Runs an action on this, the worker's own, thread at the end of the next pass: whatever may come meanwhile goes
    /// first. A worker with nothing to do makes that pass at once.
    /// </summary>
    internal void Postpone(Action action) => _postponed.Enqueue((_pass, action));

    /// <summary>Lets every other connection of this worker have its turn first.</summary>
    internal YieldAwaitable Yield() => new(this);

    internal PollToken Watch(Pollable pollable, int descriptor, Readiness interest)
    {
        AssertOwned();
        var token = _pollables.Add(pollable);
        try
        {
            _epoll.Watch(descriptor, token.Value, interest);
            return token;
        }
        catch (IOException)
        {
            _pollables.Remove(token);
            throw;
        }
    }

    /// <summary>Forgets a pollable; events that are already in the batch no longer reach it.</summary>
    internal void Forget(PollToken token) => _pollables.Remove(token);

    /// <summary>A connection must only be touched by the worker that owns it.</summary>
    internal void AssertOwned()
    {
        if (s_current != this)
            throw new InvalidOperationException($"{_thread.Name} is used from another thread.");
    }

    /// <summary>Stops the loop; connections still open are cut by the end of the process.</summary>
    public void Dispose()
    {
        _stopping = true;
        _wake.Signal();
        if (_thread.IsAlive && s_current != this)
            _thread.Join();
        _wake.Dispose();
        Spare.Dispose();
        _epoll.Dispose();
    }

    private void Run()
    {
        s_current = this;
        var events = new EpollEvent[EventBatch];
        while (!_stopping)
        {
            _pass++;
            var isBusy = _yielded.Count > 0 || _postponed.Count > 0 || Handshakes.Waiting > 0;
            var count = _epoll.Wait(events, isBusy ? 0 : Timers.MillisecondsToNext());
            for (var i = 0; i < count; i++)
                Dispatch(events[i]);
            Guard(_advanceTimers);
            Guard(_advanceHandshakes);
            ResumeYielded();
            RunPostponed();
        }
    }

    private void Dispatch(EpollEvent happened)
    {
        if (happened.Token == WakeSlot)
        {
            TakeMail();
            return;
        }

        try
        {
            _pollables.Find(happened.Token)?.OnReady(happened.Ready);
        }
#pragma warning disable CA1031 // one connection's bug must not end the others
        catch (Exception e)
#pragma warning restore CA1031
        {
            _onFault(e);
        }
    }

    private void TakeMail()
    {
        _wake.Clear();
        for (var i = 0; i < MailBatch; i++)
        {
            if (!_mailbox.TryDequeue(out var action))
                return;
            Guard(action);
        }

        _wake.Signal();
    }

    // What yields again meanwhile waits for another pass, so the epoll gets its turn in between.
    private void ResumeYielded()
    {
        for (var left = Math.Min(_yielded.Count, YieldBatch); left > 0; left--)
            Guard(_yielded.Dequeue());
    }

    private void RunPostponed()
    {
        while (_postponed.TryPeek(out var first) && first.Pass < _pass)
            Guard(_postponed.Dequeue().Action);
    }

    /// <summary>Tells of a bug that ended nobody else.</summary>
    internal void Report(Exception bug) => _onFault(bug);

    /// <summary>Runs an action whose bugs must not end the others.</summary>
    internal void Guard(Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // one connection's bug must not end the others
        catch (Exception e)
#pragma warning restore CA1031
        {
            _onFault(e);
        }
    }

    internal readonly struct YieldAwaitable(Worker worker) : ICriticalNotifyCompletion
    {
        internal bool IsCompleted => false;

        internal YieldAwaitable GetAwaiter() => this;

        internal void GetResult() => worker.AssertOwned();

        public void OnCompleted(Action continuation) => worker.Defer(continuation);

        public void UnsafeOnCompleted(Action continuation) => worker.Defer(continuation);
    }
}
