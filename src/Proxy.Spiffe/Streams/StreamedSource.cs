namespace Proxy.Spiffe.Streams;

/// <summary>
/// A source that keeps one stream for each local workload, and some that all share: what they say is gathered in one
/// state. Each kind of source says how its streams are opened.
/// </summary>
public abstract class StreamedSource : IIdentitySource
{
    private readonly CancellationTokenSource _disposed = new();

    private protected StreamedSource(SourceHealth health, TimeProvider time, Action<string> log)
    {
        Health = health;
        Table = new IdentityTable(workload => Open(workload), health, time, log);
    }

    /// <inheritdoc/>
    public event Action<IdentitySnapshot>? Changed
    {
        add => Table.Changed += value;
        remove => Table.Changed -= value;
    }

    /// <inheritdoc/>
    public IdentitySnapshot Current => Table.Current;

    /// <inheritdoc/>
    public bool IsConnected => Health.IsConnected;

    /// <inheritdoc/>
    public string? LastError => Health.LastError;

    /// <inheritdoc/>
    public IReadOnlyList<SourceFault> Faults => Health.Faults;

    /// <inheritdoc/>
    public DateTimeOffset? LastHeard => Health.LastHeard;

    private protected SourceHealth Health { get; }

    private protected IdentityTable Table { get; }

    /// <summary>The streams that belong to no workload.</summary>
    private protected virtual IEnumerable<Func<CancellationToken, Task>> Shared => [];

    /// <inheritdoc/>
    public void Track(IReadOnlyCollection<WorkloadReference> workloads) => Table.Track(workloads);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, _disposed.Token);
        await Table.RunAsync(Shared, both.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_disposed.IsCancellationRequested)
            return;
        await _disposed.CancelAsync();
        Close();
    }

    /// <summary>Makes the stream of one workload, which ends when it is cancelled only.</summary>
    private protected abstract Func<CancellationToken, Task> Open(TrackedWorkload workload);

    /// <summary>Releases the channels, once.</summary>
    private protected abstract void Close();
}
