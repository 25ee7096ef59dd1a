using System.Collections.Concurrent;
using Proxy.Spiffe;

namespace Proxy.Tests.Sources;

/// <summary>A source that runs for one test, and its log.</summary>
internal sealed class SourceRun : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly IIdentitySource _source;
    private readonly Task _running;

    public SourceRun(Func<Action<string>, IIdentitySource> create, params WorkloadReference[] pods)
    {
        _source = create(_log.Enqueue);
        _source.Track(pods);
        _running = _source.RunAsync(_stop.Token);
    }

    public IIdentitySource Source => _source;

    public string Log => string.Join('\n', _log);

    public async Task<IdentitySnapshot> UntilAsync(Func<IdentitySnapshot, bool> condition)
    {
        var reached = new TaskCompletionSource<IdentitySnapshot>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(IdentitySnapshot snapshot)
        {
            if (condition(snapshot))
                reached.TrySetResult(snapshot);
        }

        _source.Changed += Look;
        Look(_source.Current);
        try
        {
            return await reached.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The state was not reached. Log:\n{Log}");
        }
        finally
        {
            _source.Changed -= Look;
        }
    }

    public async Task UntilLoggedAsync(string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!Log.Contains(text, StringComparison.Ordinal))
            await Task.Delay(5, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _source.DisposeAsync();
        _stop.Dispose();
    }
}
