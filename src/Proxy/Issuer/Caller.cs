using System.Globalization;
using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Proxy.Native;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>Who asks, by the kernel's word.</summary>
internal static class Caller
{
    /// <summary>The issuer's own user and root only. The socket's mode says the same; this holds if the mode was changed.</summary>
    /// <exception cref="RpcException">Somebody else.</exception>
    public static void Demand(ServerCallContext context)
    {
        var socket = SocketOf(context);
        if (socket is null || !IsAllowed(UnixPeer.Read(socket).UserId, UnixPeer.OwnUserId))
            throw new RpcException(new Status(StatusCode.PermissionDenied, "the issuer answers only its own user and root"));
    }

    public static bool IsAllowed(uint caller, uint own) => caller == 0 || caller == own;

    /// <summary>
    /// What is known of the calling process, as SPIRE's unix attestor says it: <c>unix:uid:N</c>, <c>unix:gid:N</c>, and
    /// <c>unix:path:FILE</c> of the program where the kernel can tell.
    /// </summary>
    /// <exception cref="RpcException">It is not a Unix socket.</exception>
    public static IReadOnlySet<Selector> Attest(ServerCallContext context)
    {
        var socket = SocketOf(context) ?? throw new RpcException(new Status(StatusCode.Unavailable, "workload attestation failed"));
        var peer = UnixPeer.Read(socket);
        var selectors = new HashSet<Selector>
        {
            new("unix", string.Create(CultureInfo.InvariantCulture, $"uid:{peer.UserId}")),
            new("unix", string.Create(CultureInfo.InvariantCulture, $"gid:{peer.GroupId}")),
        };
        if (UnixPeer.ReadProgram(socket) is { } path)
            selectors.Add(new Selector("unix", $"path:{path}"));
        return selectors;
    }

    private static Socket? SocketOf(ServerCallContext context) =>
        context.GetHttpContext().Features.Get<IConnectionSocketFeature>()?.Socket;
}
