using Grpc.Core;
using Grpc.Net.Client;
using Proxy.Spiffe.Broker.Protocol;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.WorkloadApi;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Spiffe.Broker;

/// <summary>
/// SVIDs from a SPIFFE Broker API: one stream per local workload, each with the bundles that this workload may use.
/// The broker is spoken to over mutual TLS with this process' own SVID, which a Workload API gives.
/// </summary>
public sealed class BrokerSource : IIdentitySource
{
    // Every call carries it (SPIFFE Broker Endpoint).
    private static readonly Metadata Header = new() { { "broker.spiffe.io", "true" } };

    private readonly TimeProvider _time;
    private readonly GrpcChannel _own;
    private readonly GrpcChannel _broker;
    private readonly API.APIClient _client;
    private readonly CancellationTokenSource _disposed = new();
    private readonly SourceHealth _health;
    private readonly Subscription<X509SVIDResponse> _identity;
    private readonly IdentityTable _table;

    /// <summary>Connects to nothing yet; <see cref="RunAsync"/> does.</summary>
    /// <param name="broker">The Broker API.</param>
    /// <param name="server">Who its server must be.</param>
    /// <param name="workloadApi">The Workload API that tells this process who it is.</param>
    /// <param name="time">The clock of expiry and back-off.</param>
    /// <param name="log">Takes one line for the operator at a time.</param>
    public BrokerSource(ApiEndpoint broker, SpiffeIdPattern server, ApiEndpoint workloadApi, TimeProvider time, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(broker);
        ArgumentNullException.ThrowIfNull(workloadApi);
        _time = time;
        _health = new SourceHealth(broker.Text, log);
        var identity = new OwnIdentity(server, time);
        _own = ApiChannel.Open(workloadApi.Address, null);
        _identity = WorkloadApiStream.Create(
            new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(_own),
            SourceHealth.Bundles,
            time,
            identity.Apply,
            (subject, fault) => _health.Report(subject, $"the proxy's own SVID (by {workloadApi})", fault));
        _broker = ApiChannel.Open(broker.Address, identity.SecureAsync);
        _client = new API.APIClient(_broker);
        _table = new IdentityTable(workload => Subscribe(workload).RunAsync, _health, time, log);
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
        await _table.RunAsync([_identity.RunAsync], both.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested)
            return;
        await _disposed.CancelAsync();
        _broker.Dispose();
        _own.Dispose();
    }

    private Subscription<SubscribeToX509SVIDResponse> Subscribe(TrackedWorkload workload)
    {
        var request = BrokerReference.CreateRequest(workload.Reference);
        return new Subscription<SubscribeToX509SVIDResponse>(
            workload.Reference.Uid,
            _time,
            stop => _client.SubscribeToX509SVID(request, Header, cancellationToken: stop),
            response => Apply(workload, response),
            (subject, fault) => _health.Report(subject, $"the SVIDs of {workload.Subject}", fault))
        {
            EndOf = StreamEnds.OfWorkload,
            Withdraw = () => _table.Apply(workload, (WorkloadIdentity?)null),
        };
    }

    private string? Apply(TrackedWorkload workload, SubscribeToX509SVIDResponse response)
    {
        var messages = response.Svids.Select(svid => new SvidMessage(svid.SpiffeId, svid.X509Svid, svid.X509SvidKey, svid.Bundle, svid.Hint));
        if (!SvidMessages.TryRead(messages, response.FederatedBundles, out var identity, out var error))
            return error;
        _table.Apply(workload, identity);
        return null;
    }
}
