using Grpc.Net.Client;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Spiffe.WorkloadApi;

/// <summary>
/// The one identity that a SPIFFE Workload API gives to this process, for a host with a single workload: whichever
/// tracked workload is expected to have that ID has it, no other.
/// </summary>
public sealed class WorkloadApiSource : IIdentitySource
{
    private readonly GrpcChannel _channel;
    private readonly CancellationTokenSource _disposed = new();
    private readonly SourceHealth _health;
    private readonly IdentityTable _table;

    /// <summary>Connects to nothing yet; <see cref="RunAsync"/> does.</summary>
    /// <param name="endpoint">The Workload API.</param>
    /// <param name="time">The clock of expiry and back-off.</param>
    /// <param name="log">Takes one line for the operator at a time.</param>
    public WorkloadApiSource(ApiEndpoint endpoint, TimeProvider time, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        _health = new SourceHealth(endpoint.Text, log) { HasSharedBundles = false };
        _channel = ApiChannel.Open(endpoint.Address, null);
        var client = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(_channel);
        _table = new IdentityTable(workload => Subscribe(client, workload, time).RunAsync, _health, time, log);
    }

    /// <inheritdoc/>
    public event Action<IdentitySnapshot>? Changed
    {
        add => _table.Changed += value;
        remove => _table.Changed -= value;
    }

    /// <inheritdoc/>
    public IdentitySnapshot Current => _table.Current;

    /// <inheritdoc/>
    public bool IsConnected => _health.IsConnected;

    /// <inheritdoc/>
    public string? LastError => _health.LastError;

    /// <inheritdoc/>
    public void Track(IReadOnlyCollection<WorkloadReference> workloads) => _table.Track(workloads);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, _disposed.Token);
        await _table.RunAsync([], both.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested)
            return;
        await _disposed.CancelAsync();
        _channel.Dispose();
    }

    private Subscription<X509SVIDResponse> Subscribe(
        SpiffeWorkloadAPI.SpiffeWorkloadAPIClient client, TrackedWorkload workload, TimeProvider time) => WorkloadApiStream.Create(
            client,
            workload.Reference.Uid,
            time,
            identity => _table.Apply(workload, identity),
            (subject, fault) => _health.Report(subject, $"the SVIDs of {workload.Subject}", fault));
}
