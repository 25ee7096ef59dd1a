using Grpc.Net.Client;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Spiffe.WorkloadApi;

/// <summary>
/// The one identity that a SPIFFE Workload API gives to this process, for a host with a single workload: whichever
/// tracked workload is expected to have that ID has it, no other.
/// </summary>
public sealed class WorkloadApiSource : StreamedSource
{
    private readonly TimeProvider _time;
    private readonly GrpcChannel _channel;
    private readonly SpiffeWorkloadAPI.SpiffeWorkloadAPIClient _client;

    /// <summary>Connects to nothing yet; <see cref="StreamedSource.RunAsync"/> does.</summary>
    /// <param name="endpoint">The Workload API.</param>
    /// <param name="time">The clock of expiry and back-off.</param>
    /// <param name="log">Takes one line for the operator at a time.</param>
    public WorkloadApiSource(ApiEndpoint endpoint, TimeProvider time, Action<string> log)
        : base(new SourceHealth(endpoint.Text, log) { Time = time, HasSharedBundles = false }, time, log)
    {
        _time = time;
        _channel = ApiChannel.Open(endpoint.Address, null);
        _client = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(_channel);
    }

    private protected override Func<CancellationToken, Task> Open(TrackedWorkload workload) => WorkloadApiStream.Create(
        _client,
        workload.Reference.Uid,
        _time,
        identity => Table.Apply(workload, identity),
        (subject, fault) => Health.Report(subject, $"the SVIDs of {workload.Subject}", fault)).RunAsync;

    private protected override void Close() => _channel.Dispose();
}
