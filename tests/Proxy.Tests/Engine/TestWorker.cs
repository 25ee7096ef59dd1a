using System.Collections.Concurrent;
using Proxy.Engine;

namespace Proxy.Tests.Engine;

/// <summary>A running worker, and the stories that a test has it run.</summary>
internal sealed class TestWorker : IDisposable
{
    private readonly ConcurrentQueue<Exception> _faults = new();

    public TestWorker(TimeProvider? time = null, BufferPool? buffers = null)
    {
        Worker = new Worker(0, time ?? TimeProvider.System, _faults.Enqueue) { Buffers = buffers ?? new BufferPool() };
        Worker.Start();
    }

    public Worker Worker { get; }

    /// <summary>Exceptions that nobody handled.</summary>
    public IReadOnlyList<Exception> Faults => [.. _faults];

    /// <summary>Runs a story on the worker's thread to its end.</summary>
    public Task<T> RunAsync<T>(Func<ValueTask<T>> story)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Worker.Post(() => _ = CompleteAsync(story, done));
        return done.Task.Soon();
    }

    /// <summary>Runs an action on the worker's thread.</summary>
    public Task DoAsync(Action action) => AskAsync(() =>
    {
        action();
        return true;
    });

    /// <summary>Asks something on the worker's thread.</summary>
    public Task<T> AskAsync<T>(Func<T> function) => Worker.InvokeAsync(function).Soon();

    /// <summary>Has everything that was posted before, and everything that it made ready, done.</summary>
    public async Task SettleAsync()
    {
        for (var i = 0; i < 3; i++)
        {
            await RunAsync(async () =>
            {
                await Worker.Yield();
                return true;
            });
        }
    }

    public void Dispose() => Worker.Dispose();

    private static async Task CompleteAsync<T>(Func<ValueTask<T>> story, TaskCompletionSource<T> done)
    {
        try
        {
            done.SetResult(await story());
        }
#pragma warning disable CA1031 // it belongs to the test, whatever it is
        catch (Exception e)
#pragma warning restore CA1031
        {
            done.SetException(e);
        }
    }
}

internal static class Patience
{
    /// <summary>A test that waits for what never comes fails instead of hanging.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task Soon(this Task task) => task.WaitAsync(Limit);

    /// <summary>Runs a blocking peer on a thread of its own, so that it needs nothing of the thread pool.</summary>
    public static Task<T> OnThread<T>(Func<T> function) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Soon();

    public static Task OnThread(Action action) => OnThread(() =>
    {
        action();
        return true;
    });
}

/// <summary>A clock that a test moves.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Volatile.Read(ref _ticks));

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}

/// <summary>The date as a test sets it; time-outs pass as they do.</summary>
internal sealed class SetDate : TimeProvider
{
    private long _ticks = System.GetUtcNow().UtcTicks;

    public DateTimeOffset Now
    {
        get => new(Volatile.Read(ref _ticks), TimeSpan.Zero);
        set => Volatile.Write(ref _ticks, value.UtcTicks);
    }

    public override DateTimeOffset GetUtcNow() => Now;
}
