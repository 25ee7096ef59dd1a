using Google.Protobuf;
using Grpc.Core;
using Proxy.Spiffe.WorkloadApi.Protocol;

namespace Proxy.Spiffe.Streams;

/// <summary>What a message of the Workload API or of the Broker API says of one workload: the fields are the same.</summary>
/// <param name="Svids">All SVIDs of the workload.</param>
/// <param name="FederatedBundles">Roots by foreign trust domain.</param>
internal readonly record struct SvidMessage(IEnumerable<X509SVID> Svids, IEnumerable<KeyValuePair<string, ByteString>> FederatedBundles);

/// <summary>The stream of one workload's SVIDs with their bundles, as the Workload API and the Broker API have it.</summary>
internal static class SvidStream
{
    /// <param name="subject">Whom faults are told of.</param>
    /// <param name="time">The clock of back-off.</param>
    /// <param name="open">Calls the API.</param>
    /// <param name="read">Takes a message apart.</param>
    /// <param name="apply">Takes each new state; null: the workload has no identity any longer.</param>
    /// <param name="report">Takes a fault of the stream, or null when it works.</param>
    public static Subscription<TResponse> Create<TResponse>(
        string subject,
        TimeProvider time,
        Func<CancellationToken, AsyncServerStreamingCall<TResponse>> open,
        Func<TResponse, SvidMessage> read,
        Action<WorkloadIdentity?> apply,
        Action<string, string?> report) => new(
            subject,
            time,
            open,
            response => Apply(read(response), apply),
            report)
        {
            EndOf = StreamEnds.OfWorkload,
            Withdraw = () => apply(null),
        };

    private static string? Apply(SvidMessage message, Action<WorkloadIdentity?> apply)
    {
        if (!SvidMessages.TryRead(message.Svids, message.FederatedBundles, out var identity, out var error))
            return error;
        apply(identity);
        return null;
    }
}
