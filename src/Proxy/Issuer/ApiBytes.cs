using Google.Protobuf;
using Grpc.Core;
using Proxy.Spiffe.X509;

namespace Proxy.Issuer;

/// <summary>What SPIFFE's APIs have in common on the wire.</summary>
internal static class ApiBytes
{
    /// <summary>The roots, concatenated DER.</summary>
    public static ByteString Of(TrustBundle bundle) =>
        ByteString.CopyFrom([.. bundle.Roots.SelectMany(root => root.RawData)]);

    /// <summary>The header that tells a client of the API from a browser or a proxy that was led astray: given exactly once.</summary>
    /// <exception cref="RpcException">It is missing, or is not <c>true</c>.</exception>
    public static void DemandHeader(ServerCallContext context, string name)
    {
        if (context.RequestHeaders.GetAll(name).Select(header => header.Value).ToArray() is not ["true"])
            throw new RpcException(new Status(StatusCode.InvalidArgument, "security header missing from request"));
    }
}
