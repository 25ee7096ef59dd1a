using Grpc.Net.Client;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.Streams;

namespace Proxy.Spiffe.DelegatedIdentity;

/// <summary>
/// SVIDs and bundles from SPIRE's Delegated Identity API, or from the embedded issuer, which speaks it too: one
/// stream per local workload and one for the bundles.
/// </summary>
public sealed class DelegatedIdentitySource : StreamedSource
{
    private static readonly TimeSpan BundleStreamAge = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time;
    private readonly GrpcChannel _channel;
    private readonly Protocol.DelegatedIdentity.DelegatedIdentityClient _client;

    /// <summary>Connects to nothing yet; <see cref="StreamedSource.RunAsync"/> does.</summary>
    /// <param name="unixSocketPath">The agent's admin socket.</param>
    /// <param name="time">The clock of expiry and back-off.</param>
    /// <param name="log">Takes one line for the operator at a time.</param>
    public DelegatedIdentitySource(string unixSocketPath, TimeProvider time, Action<string> log)
        : base(new SourceHealth(unixSocketPath, log) { Time = time }, time, log)
    {
        _time = time;
        _channel = ApiChannel.Open(unixSocketPath);
        _client = new Protocol.DelegatedIdentity.DelegatedIdentityClient(_channel);
    }

    private protected override IEnumerable<Func<CancellationToken, Task>> Shared => [SubscribeToBundles().RunAsync];

    private protected override Func<CancellationToken, Task> Open(TrackedWorkload workload)
    {
        var request = WorkloadSelectors.CreateRequest(workload.Reference);
        return new Subscription<SubscribeToX509SVIDsResponse>(
            workload.Reference.Uid,
            _time,
            stop => _client.SubscribeToX509SVIDs(request, cancellationToken: stop),
            response => Apply(workload, response),
            (subject, fault) => Health.Report(subject, $"the SVIDs of {workload.Subject}", fault)).RunAsync;
    }

    private protected override void Close() => _channel.Dispose();

    private Subscription<SubscribeToX509BundlesResponse> SubscribeToBundles() => new(
        SourceHealth.Bundles,
        _time,
        stop => _client.SubscribeToX509Bundles(new SubscribeToX509BundlesRequest(), cancellationToken: stop),
        Apply,
        (subject, fault) => Health.Report(subject, "the bundles", fault))
    {
        MaximumAge = BundleStreamAge, // SPIRE's agent never takes a trust domain off a stream that is open
    };

    private string? Apply(TrackedWorkload workload, SubscribeToX509SVIDsResponse response)
    {
        if (!ResponseReader.TryRead(response, out var identity, out var error))
            return error;
        Table.Apply(workload, identity);
        return null;
    }

    private string? Apply(SubscribeToX509BundlesResponse response)
    {
        if (!ResponseReader.TryRead(response, out var bundles, out var error))
            return error;
        Table.Apply(bundles);
        return null;
    }
}
