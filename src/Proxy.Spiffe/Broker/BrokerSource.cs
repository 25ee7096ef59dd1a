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
public sealed class BrokerSource : StreamedSource
{
    // Every call carries it (SPIFFE Broker Endpoint).
    private static readonly Metadata Header = new() { { "broker.spiffe.io", "true" } };

    private readonly TimeProvider _time;
    private readonly GrpcChannel _own;
    private readonly GrpcChannel _broker;
    private readonly API.APIClient _client;
    private readonly Subscription<X509SVIDResponse> _identity;

    /// <summary>Connects to nothing yet; <see cref="StreamedSource.RunAsync"/> does.</summary>
    /// <param name="broker">The Broker API.</param>
    /// <param name="server">Who its server must be.</param>
    /// <param name="workloadApi">The Workload API that tells this process who it is.</param>
    /// <param name="time">The clock of expiry and back-off.</param>
    /// <param name="log">Takes one line for the operator at a time.</param>
    public BrokerSource(ApiEndpoint broker, SpiffeIdPattern server, ApiEndpoint workloadApi, TimeProvider time, Action<string> log)
        : base(new SourceHealth(broker.Text, log) { Time = time }, time, log)
    {
        _time = time;
        var identity = new OwnIdentity(server, time);
        _own = ApiChannel.Open(workloadApi.Address, null);
        _identity = WorkloadApiStream.Create(
            new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(_own),
            SourceHealth.Bundles,
            time,
            identity.Apply,
            (subject, fault) => Health.Report(subject, "the proxy's own SVID", fault, workloadApi.Text));
        _broker = ApiChannel.Open(broker.Address, identity.SecureAsync);
        _client = new API.APIClient(_broker);
    }

    private protected override IEnumerable<Func<CancellationToken, Task>> Shared => [_identity.RunAsync];

    private protected override Func<CancellationToken, Task> Open(TrackedWorkload workload)
    {
        var request = BrokerReference.CreateRequest(workload.Reference);
        return SvidStream.Create(
            workload.Reference.Uid,
            _time,
            stop => _client.SubscribeToX509SVID(request, Header, cancellationToken: stop),
            response => new SvidMessage(response.Svids, response.FederatedBundles),
            identity => Table.Apply(workload, identity),
            (subject, fault) => Health.Report(subject, $"the SVIDs of {workload.Subject}", fault)).RunAsync;
    }

    private protected override void Close()
    {
        _broker.Dispose();
        _own.Dispose();
    }
}
