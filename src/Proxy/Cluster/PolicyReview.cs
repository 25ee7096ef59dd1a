using System.Threading.Channels;

namespace Proxy.Cluster;

/// <summary>What a finished look has found.</summary>
/// <param name="Revision">Of the newest snapshot for which it holds; 0 before the first.</param>
/// <param name="Took">The time for it.</param>
/// <param name="Warnings">What was found.</param>
internal sealed record ReviewedPolicies(long Revision, TimeSpan Took, IReadOnlyList<PolicyWarning> Warnings);

/// <summary>
/// Looks, beside everything else, for what the documents of the newest snapshot mean together. A look that is outdated is
/// given up, and after each it rests ten times as long as that took, 20 s at most: it changes no verdict, so it may come late.
/// </summary>
internal sealed class PolicyReview : IAsyncDisposable
{
    private const int RestFactor = 10;
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(20);

    // Changes in quick succession must not keep it from ever being done.
    private static readonly TimeSpan LongestOutdated = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly Channel<ClusterSnapshot> _newest =
        Channel.CreateBounded<ClusterSnapshot>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _changing = new();
    private readonly Task _looking;

    private volatile ReviewedPolicies _last = new(0, TimeSpan.Zero, []);
    private CancellationTokenSource? _look;
    private long _doneAt;

    public PolicyReview(TimeProvider time, Action<string> log)
    {
        (_time, _log) = (time, log);
        _doneAt = time.GetTimestamp();
        _looking = Task.Run(LookAsync);
    }

    /// <summary>The last look that was finished.</summary>
    public ReviewedPolicies Last => _last;

    /// <summary>Returns at once.</summary>
    public void Follow(ClusterSnapshot snapshot)
    {
        // Under the lock, so that it is never the look at this very snapshot that is given up: nobody would begin it again.
        lock (_changing)
        {
            _newest.Writer.TryWrite(snapshot);
            if (_time.GetElapsedTime(_doneAt) < LongestOutdated)
                _look?.Cancel();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _looking;
        _stop.Dispose();
    }

    private async Task LookAsync()
    {
        var seen = ClusterSnapshot.Empty;
        try
        {
            while (true)
            {
                var snapshot = await _newest.Reader.ReadAsync(_stop.Token);
                var start = _time.GetTimestamp();
                if (snapshot.MeansTheSameAs(seen))
                    _last = _last with { Revision = snapshot.Revision };
                else if (TryLook(snapshot))
                    seen = snapshot;
                await Task.Delay(RestAfter(_time.GetElapsedTime(start)), _time, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private static TimeSpan RestAfter(TimeSpan took) => took * RestFactor < LongestRest ? took * RestFactor : LongestRest;

    /// <summary>False when something newer has come, or the process ends, before it was done.</summary>
    private bool TryLook(ClusterSnapshot snapshot)
    {
        using var look = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        lock (_changing)
            _look = look;
        try
        {
            Look(snapshot, look.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
#pragma warning disable CA1031 // who only warns must not end because of a bug
        catch (Exception e)
#pragma warning restore CA1031
        {
            _log($"bug while looking at revision {snapshot.Revision}: {e}");
            return true;
        }
        finally
        {
            lock (_changing)
                _look = null;
        }
    }

    private void Look(ClusterSnapshot snapshot, CancellationToken stop)
    {
        var start = _time.GetTimestamp();
        var found = new PolicyFindings(snapshot.Files).Find(snapshot, stop);
        LogNews(_last.Warnings, found);
        lock (_changing)
            _doneAt = _time.GetTimestamp();
        _last = new ReviewedPolicies(snapshot.Revision, _time.GetElapsedTime(start), found);
    }

    // Not by their words: these name pods, which come and go.
    private void LogNews(IReadOnlyList<PolicyWarning> before, IReadOnlyList<PolicyWarning> now)
    {
        foreach (var warning in now.ExceptBy(before.Select(known => known.Key), warning => warning.Key))
            _log($"warning: {warning.Fault}");
        foreach (var warning in before.ExceptBy(now.Select(known => known.Key), warning => warning.Key))
            _log($"no longer: warning: {warning.Fault}");
    }
}
