using Grpc.Core;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Spiffe.WorkloadApi;

/// <summary>The stream of the caller's own SVIDs and bundles from a SPIFFE Workload API.</summary>
internal static class WorkloadApiStream
{
    // Every call carries it (SPIFFE Workload Endpoint, section 5).
    private static readonly Metadata Header = new() { { "workload.spiffe.io", "true" } };

    /// <param name="client">The API.</param>
    /// <param name="subject">Whom faults are told of.</param>
    /// <param name="time">The clock of back-off.</param>
    /// <param name="apply">Takes each new state; null: the caller has no identity any longer.</param>
    /// <param name="report">Takes a fault of the stream, or null when it works.</param>
    public static Subscription<X509SVIDResponse> Create(
        SpiffeWorkloadAPI.SpiffeWorkloadAPIClient client,
        string subject,
        TimeProvider time,
        Action<WorkloadIdentity?> apply,
        Action<string, string?> report) => SvidStream.Create(
            subject,
            time,
            stop => client.FetchX509SVID(new X509SVIDRequest(), Header, cancellationToken: stop),
            response => new SvidMessage(response.Svids, response.FederatedBundles),
            apply,
            report);
}
