using Proxy.Capture;
using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Policy;
using Proxy.Tls;

namespace Proxy;

/// <summary>The story of a connection that arrived at a pod of this node.</summary>
/// <param name="seat">What the connections of this worker share.</param>
/// <param name="tell">Told of each stream of a tunnel, which is a connection of its own.</param>
internal sealed class Inbound(ConnectionSeat seat, Action<CapturedConnection, ConnectionOutcome> tell)
{
    internal async ValueTask<ConnectionOutcome> RunAsync(CapturedConnection captured)
    {
        var server = new Party(captured.Destination.Endpoint, captured.Pod.Workload);
        var unknown = new Parties(new Party(captured.Client.Endpoint, null), server, null);
        if (server.Workload!.IsDisputed)
            return seat.Refuse(unknown, Direction.Ingress, OutcomeReason.DisputedWorkload);
        if (!server.Workload.Addresses.Contains(server.Endpoint.Address))
            return seat.Refuse(unknown, Direction.Ingress, OutcomeReason.UnknownServer);
        if (await seat.HoldForAsync(mesh => Resolution.FindClient(mesh, unknown)) is not { } found)
            return seat.Refuse(unknown, Direction.Ingress, OutcomeReason.UnknownClient);

        var connection = new LiveConnection(found.Parties);
        connection.AttachClient(captured.Leg);
        using var entry = seat.Table.Register(connection);
        if (seat.FindLostGround(connection) is { } lost)
            return seat.Refuse(connection.Parties, Direction.Ingress, lost);
        return connection.Parties.Client.Workload is { ProvesItself: true }
            ? await RunMutualTlsAsync(captured, connection)
            : await RunPlainAsync(captured, connection);
    }

    /// <summary>The client's workload must prove its SPIFFE ID before anything is decided in its favour.</summary>
    private async ValueTask<ConnectionOutcome> RunMutualTlsAsync(CapturedConnection captured, LiveConnection connection)
    {
        var parties = connection.Parties;
        var judgement = seat.Judge(connection);
        if (!judgement.IsAllowed)
            return seat.Deny(parties, judgement);

        var (client, server) = (parties.Client.Workload!, parties.Server.Workload!);
        if (await seat.HoldForAsync(mesh => Credentials.Find(mesh.Identities, server, client.ExpectedId.TrustDomain)) is not { } own)
            return seat.RefuseIdentity(parties, judgement, Credentials.WhyNone(seat.Mesh.Identities, server, OutcomeReason.NoServerSvid));

        var leg = seat.Tls.Secure(captured.Leg);
        connection.AttachClient(leg);
        var verifier = new PeerVerifier(own.Bundle, client.ExpectedId, seat.Time)
        {
            Newest = () => seat.Mesh.Identities.FindBundle(server.Uid, client.ExpectedId.TrustDomain),
        };
        var handshake = await Handshake.RunAsync(seat.Worker, leg, seat.Worker.Handshakes.Of(captured.Client.Endpoint.Address), seat.Limits.Handshake, verifier, () => leg.AuthenticateAsServerAsync(own.Svid, verifier));
        if (handshake.Reason is { } reason)
            return seat.RefuseHandshake(connection, judgement, reason, handshake.Detail);

        seat.Authenticate(connection, new ConnectionProof(client.ExpectedId, server.ExpectedId, ClientIsOurs: false, ServerIsOurs: true)
        {
            ExpiresAt = verifier.ExpiresAt < own.Svid.ExpiresAt ? verifier.ExpiresAt : own.Svid.ExpiresAt,
            ClientRoot = verifier.Root,
        });
        return leg.Protocol == TlsContexts.TunnelProtocol
            ? await new InboundTunnel(seat, captured, connection, leg, own.Svid, verifier, tell).RunAsync()
            : await ServeAsync(captured, connection, leg);
    }

    /// <summary>A client that cannot prove itself: identity by address only, which authenticates nobody.</summary>
    private async ValueTask<ConnectionOutcome> RunPlainAsync(CapturedConnection captured, LiveConnection connection)
    {
        connection.Authentication = PeerAuthentication.Unauthenticated;
        return await ServeAsync(captured, connection, captured.Leg);
    }

    private async ValueTask<ConnectionOutcome> ServeAsync(CapturedConnection captured, LiveConnection connection, Leg client)
    {
        var parties = connection.Parties;
        var judgement = seat.Judge(connection);
        if (!judgement.IsAllowed)
            return seat.Deny(parties, judgement);
        var dialled = await seat.Dialer.ConnectFromAsync(captured.Pod.Scope, parties.Client.Endpoint.Address, parties.Server.Endpoint);
        return await seat.RelayAsync(connection, client, dialled.Leg, dialled.Fault);
    }
}
