using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Proxy.Native;

namespace Proxy.Issuer;

/// <summary>Who may ask: the issuer's own user and root. The socket's mode says the same; this holds if the mode was changed.</summary>
internal static class Caller
{
    public static void Demand(ServerCallContext context)
    {
        var socket = context.GetHttpContext().Features.Get<IConnectionSocketFeature>()?.Socket;
        if (socket is null || !IsAllowed(UnixPeer.GetUserId(socket), UnixPeer.OwnUserId))
            throw new RpcException(new Status(StatusCode.PermissionDenied, "the issuer answers only its own user and root"));
    }

    public static bool IsAllowed(uint caller, uint own) => caller == 0 || caller == own;
}
