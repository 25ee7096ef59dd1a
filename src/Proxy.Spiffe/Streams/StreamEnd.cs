using Grpc.Core;

namespace Proxy.Spiffe.Streams;

/// <summary>What the status with which a stream ended says of what came before it.</summary>
internal enum StreamEnd
{
    /// <summary>It stays in force; open the stream again.</summary>
    Keep,

    /// <summary>The workload has no identity now: it ends; open the stream again, for that may change.</summary>
    Withdraw,

    /// <summary>It stays in force; asking again would be answered the same.</summary>
    GiveUp,
}

/// <summary>How the ends of streams are read.</summary>
internal static class StreamEnds
{
    /// <summary>SPIRE's Delegated Identity API: a refusal is of us, its delegate, and says nothing about the workload.</summary>
    public static StreamEnd OfDelegate(StatusCode status) => StreamEnd.Keep;

    /// <summary>
    /// The SPIFFE Workload API (SPIFFE Workload Endpoint, section 6) and Broker API: "permission denied" and "not found"
    /// are of the workload; what is wrong with the question, or not known to the server, stays so.
    /// </summary>
    public static StreamEnd OfWorkload(StatusCode status) => status switch
    {
        StatusCode.PermissionDenied or StatusCode.NotFound => StreamEnd.Withdraw,
        StatusCode.InvalidArgument or StatusCode.Unimplemented => StreamEnd.GiveUp,
        _ => StreamEnd.Keep,
    };
}
