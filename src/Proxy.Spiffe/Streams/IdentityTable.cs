using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Streams;

/// <summary>
/// What a source's streams said last, of each local workload and of the bundles, published as one snapshot after
/// another. A workload has a stream of its own from when it is tracked until it is not; none waits for another.
/// </summary>
internal sealed class IdentityTable
{
    private readonly Lock _lock = new();
    private readonly Func<TrackedWorkload, Func<CancellationToken, Task>> _open;
    private readonly SourceHealth _health;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly SnapshotPublisher _publisher;
    private readonly ExpiryWatch _expiry;

    private Dictionary<string, TrackedWorkload> _workloads = new(StringComparer.Ordinal);
    private List<TrustBundle> _bundles = [];
    private CancellationToken? _running;

    /// <param name="open">Makes the stream of one workload, which ends when it is cancelled only.</param>
    /// <param name="health">Forgets what failed for a workload that is gone.</param>
    /// <param name="time">The clock that tells whether an SVID is valid.</param>
    /// <param name="log">Takes one line for the operator at a time.</param>
    public IdentityTable(
        Func<TrackedWorkload, Func<CancellationToken, Task>> open, SourceHealth health, TimeProvider time, Action<string> log)
    {
        _open = open;
        _health = health;
        _time = time;
        _log = log;
        _publisher = new SnapshotPublisher(Capture, log);
        _expiry = new ExpiryWatch(ListHeld, time, log);
    }

    public event Action<IdentitySnapshot>? Changed
    {
        add => _publisher.Changed += value;
        remove => _publisher.Changed -= value;
    }

    public IdentitySnapshot Current => _publisher.Current;

    /// <summary>Replaces the set of workloads; those that stay as they are keep their streams.</summary>
    public void Track(IReadOnlyCollection<WorkloadReference> workloads)
    {
        lock (_lock)
        {
            var previous = _workloads;
            _workloads = new Dictionary<string, TrackedWorkload>(workloads.Count, StringComparer.Ordinal);
            foreach (var workload in workloads)
                _workloads[workload.Uid] = Keep(previous.GetValueOrDefault(workload.Uid), workload);
            foreach (var left in previous.Values.Where(left => !ReferenceEquals(_workloads.GetValueOrDefault(left.Reference.Uid), left)))
                Forget(left);
        }
    }

    /// <summary>Runs the workloads' streams beside the <paramref name="others"/> until <paramref name="stop"/>.</summary>
    /// <exception cref="InvalidOperationException">It runs already.</exception>
    public async Task RunAsync(IEnumerable<Func<CancellationToken, Task>> others, CancellationToken stop)
    {
        lock (_lock)
        {
            if (_running is not null)
                throw new InvalidOperationException("The source runs already.");
            _running = stop;
            foreach (var workload in _workloads.Values)
                workload.Start(_open(workload), stop);
        }

        await Task.WhenAll([_publisher.RunAsync(stop), _expiry.RunAsync(stop), .. others.Select(other => other(stop))]);
        await StopAllAsync();
    }

    /// <summary>Takes what a stream said of its workload; null: nothing that was said before holds any longer.</summary>
    public void Apply(TrackedWorkload workload, WorkloadIdentity? identity)
    {
        lock (_lock)
        {
            if (identity is { Svids.Count: 0 } && workload.Identity is not { Svids.Count: 0 })
                _log($"identity: no SVID for {workload.Subject}: the source has none for it");
            // A stream that was opened again says the same once more; who built on the old objects goes on with them.
            if (identity is null ? workload.Identity is null : workload.Identity?.HasSameContent(identity) == true)
                return;
            workload.Identity = WithKnownBundles(identity, workload.Identity);
        }

        _publisher.MarkDirty();
    }

    /// <summary>Takes the bundles that the workloads share.</summary>
    public void Apply(List<TrustBundle> bundles)
    {
        lock (_lock)
        {
            var merged = bundles.ConvertAll(bundle => _bundles.Find(known => known.HasSameContent(bundle)) ?? bundle);
            if (merged.Count == _bundles.Count && merged.TrueForAll(_bundles.Contains))
                return;
            _bundles = merged;
        }

        _publisher.MarkDirty();
    }

    // Connections rest on a bundle as an object: one that did not change stays the same one.
    private static WorkloadIdentity? WithKnownBundles(WorkloadIdentity? identity, WorkloadIdentity? before) =>
        identity?.Bundles is { } bundles && before?.Bundles is { } known
            ? identity with { Bundles = [.. bundles.Select(bundle => known.FirstOrDefault(bundle.HasSameContent) ?? bundle)] }
            : identity;

    private TrackedWorkload Keep(TrackedWorkload? known, WorkloadReference workload)
    {
        if (known?.IsSameAs(workload) == true)
            return known;
        // What is asked differs now; until it is answered, what the workload has stays its own.
        var tracked = new TrackedWorkload(workload) { Identity = known?.Identity };
        if (_running is { } stop)
            tracked.Start(_open(tracked), stop);
        return tracked;
    }

    private void Forget(TrackedWorkload workload)
    {
        workload.Stop();
        _health.Forget(workload.Reference.Uid);
        if (!_workloads.ContainsKey(workload.Reference.Uid))
            _publisher.MarkDirty();
    }

    private IdentitySnapshot Capture(long revision)
    {
        lock (_lock)
        {
            var workloads = _workloads.Values
                .Where(workload => workload.Identity is not null)
                .Select(workload => KeyValuePair.Create(workload.Reference.Uid, workload.Identity!));
            return new IdentitySnapshot(revision, workloads, _bundles, _time);
        }
    }

    private IReadOnlyList<(string Subject, X509Svid Svid)> ListHeld()
    {
        lock (_lock)
            return [.. _workloads.Values.SelectMany(workload => (workload.Identity?.Svids ?? []).Select(svid => (workload.Subject, svid)))];
    }

    private async Task StopAllAsync()
    {
        Task[] running;
        lock (_lock)
            running = [.. _workloads.Values.Select(workload => workload.Running).OfType<Task>()];
        await Task.WhenAll(running);
    }
}
