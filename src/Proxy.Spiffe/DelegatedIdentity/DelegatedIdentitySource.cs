using Grpc.Net.Client;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.Streams;

namespace Proxy.Spiffe.DelegatedIdentity;

/// <summary>
/// SVIDs and bundles from SPIRE's Delegated Identity API, or from the embedded issuer, which speaks it too: one
/// stream per local workload and one for the bundles.
/// </summary>
public sealed class DelegatedIdentitySource : IIdentitySource
{
    private static readonly TimeSpan BundleStreamAge = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time;
    private readonly GrpcChannel _channel;
    private readonly Protocol.DelegatedIdentity.DelegatedIdentityClient _client;
    private readonly CancellationTokenSource _disposed = new();
    private readonly SourceHealth _health;
    private readonly IdentityTable _table;

    /// <summary>Connects to nothing yet; <see cref="RunAsync"/> does.</summary>
    /// <param name="unixSocketPath">The agent's admin socket.</param>
    /// <param name="time">The clock of expiry and back-off.</param>
    /// <param name="log">Takes one line for the operator at a time.</param>
    public DelegatedIdentitySource(string unixSocketPath, TimeProvider time, Action<string> log)
    {
        _time = time;
        _health = new SourceHealth(unixSocketPath, log);
        _table = new IdentityTable(workload => Subscribe(workload).RunAsync, _health, time, log);
        _channel = ApiChannel.Open(unixSocketPath);
        _client = new Protocol.DelegatedIdentity.DelegatedIdentityClient(_channel);
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
        await _table.RunAsync([SubscribeToBundles().RunAsync], both.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested)
            return;
        await _disposed.CancelAsync();
        _channel.Dispose();
    }

    private Subscription<SubscribeToX509SVIDsResponse> Subscribe(TrackedWorkload workload)
    {
        var request = WorkloadSelectors.CreateRequest(workload.Reference);
        return new Subscription<SubscribeToX509SVIDsResponse>(
            workload.Reference.Uid,
            _time,
            stop => _client.SubscribeToX509SVIDs(request, cancellationToken: stop),
            response => Apply(workload, response),
            (subject, fault) => _health.Report(subject, $"the SVIDs of {workload.Subject}", fault));
    }

    private Subscription<SubscribeToX509BundlesResponse> SubscribeToBundles() => new(
        SourceHealth.Bundles,
        _time,
        stop => _client.SubscribeToX509Bundles(new SubscribeToX509BundlesRequest(), cancellationToken: stop),
        Apply,
        (subject, fault) => _health.Report(subject, "the bundles", fault))
    {
        MaximumAge = BundleStreamAge, // SPIRE's agent never takes a trust domain off a stream that is open
    };

    private string? Apply(TrackedWorkload workload, SubscribeToX509SVIDsResponse response)
    {
        if (!ResponseReader.TryRead(response, out var identity, out var error))
            return error;
        _table.Apply(workload, identity);
        return null;
    }

    private string? Apply(SubscribeToX509BundlesResponse response)
    {
        if (!ResponseReader.TryRead(response, out var bundles, out var error))
            return error;
        _table.Apply(bundles);
        return null;
    }
}
