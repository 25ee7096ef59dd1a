using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Policy;

namespace Proxy;

/// <summary>The story of a connection that a pod of this node began.</summary>
internal sealed class Outbound(ConnectionSeat seat, LocalPods pods)
{
    internal async ValueTask<ConnectionOutcome> RunAsync(CapturedConnection captured)
    {
        var client = new Party(captured.Client.Endpoint, captured.Pod.Workload);
        var unresolved = new Parties(client, new Party(captured.Destination.Endpoint, null), null);
        if (client.Workload!.IsDisputed)
            return seat.Refuse(unresolved, Direction.Egress, OutcomeReason.DisputedWorkload);
        if (!client.Workload.Addresses.Contains(client.Endpoint.Address))
            return seat.Refuse(unresolved, Direction.Egress, OutcomeReason.SpoofedClient);

        var (parties, unknown) = await ResolveAsync(unresolved);
        if (unknown is { } missing)
            return seat.Refuse(parties, Direction.Egress, missing);

        var connection = new LiveConnection(parties);
        connection.AttachClient(captured.Leg);
        using var entry = seat.Table.Register(connection);
        if (seat.FindLostGround(connection) is { } lost)
            return seat.Refuse(parties, Direction.Egress, lost);
        return Classify(connection.Parties) switch
        {
            Way.SameNode => await RunSameNodeAsync(captured, connection),
            Way.MutualTls => await RunMutualTlsAsync(captured, connection),
            _ => await RunPlainAsync(captured, connection),
        };
    }

    /// <summary>No wire and no TLS: this process is both ends' node-proxy, and judges both sides.</summary>
    private async ValueTask<ConnectionOutcome> RunSameNodeAsync(CapturedConnection captured, LiveConnection connection)
    {
        var parties = connection.Parties;
        var disbelief = await AuthenticateLocallyAsync(connection);
        var judgement = seat.Judge(connection);
        if (disbelief is { } reason && judgement.Refusal == OutcomeReason.AuthenticationRequired)
            return seat.RefuseIdentity(parties, judgement, reason);
        if (!judgement.IsAllowed)
            return connection.Proof is null ? seat.DenyUnproven(parties, judgement) : seat.Deny(parties, judgement);
        if (pods.Find(parties.Server.Workload!.Uid) is not { } server)
            return seat.Refuse(parties, Direction.Ingress, OutcomeReason.UnknownServer);
        if (!server.TryEnter(seat.Limits.ConnectionsPerWorkload))
            return seat.Refuse(parties, Direction.Ingress, OutcomeReason.TooManyConnections);
        try
        {
            var dialled = await seat.Dialer.ConnectFromAsync(server.Scope, parties.Client.Endpoint.Address, parties.Server.Endpoint);
            return await seat.RelayAsync(connection, captured.Leg, dialled.Leg, dialled.Fault);
        }
        finally
        {
            server.Leave();
        }
    }

    /// <summary>Mutual TLS to the same address and port, in the name of the client's workload.</summary>
    private async ValueTask<ConnectionOutcome> RunMutualTlsAsync(CapturedConnection captured, LiveConnection connection)
    {
        var parties = connection.Parties;
        var judgement = seat.Judge(connection);
        if (!judgement.IsAllowed)
            return seat.Deny(parties, judgement);

        var (source, destination) = (parties.Client.Workload!, parties.Server.Workload!);
        if (await seat.HoldForAsync(mesh => Credentials.Find(mesh.Identities, source, destination.ExpectedId.TrustDomain)) is not { } own)
            return seat.RefuseIdentity(parties, judgement, Credentials.WhyNone(seat.Mesh.Identities, source, OutcomeReason.NoClientSvid));

        return await new OutboundStream(seat, captured, connection, judgement, own.Svid, own.Bundle).RunAsync();
    }

    /// <summary>To somebody who speaks nothing else: as it is, if policy allows that and asks for no authentication.</summary>
    private async ValueTask<ConnectionOutcome> RunPlainAsync(CapturedConnection captured, LiveConnection connection)
    {
        connection.Authentication = PeerAuthentication.Unauthenticated;
        var judgement = seat.Judge(connection);
        if (!judgement.IsAllowed)
            return seat.Deny(connection.Parties, judgement);
        var dialled = await seat.Dialer.ConnectAsync(captured.Pod.Scope, captured.Client.Endpoint.Address, connection.Parties.Server.Endpoint);
        return await seat.RelayAsync(connection, captured.Leg, dialled.Leg, dialled.Fault);
    }

    private Way Classify(in Parties parties)
    {
        if (parties.WireForm == WireForm.Plaintext)
            return Way.Plain;
        return parties.Server.Workload is { External: null } pod && pod.NodeName == seat.NodeName ? Way.SameNode : Way.MutualTls;
    }

    /// <summary>
    /// On one node "authenticated" holds only if both SVIDs are there and valid. Not null when they are, and one of the two
    /// workloads does not believe the other's, as a handshake would have found.
    /// </summary>
    private async ValueTask<OutcomeReason?> AuthenticateLocallyAsync(LiveConnection connection)
    {
        var (source, destination) = (connection.Parties.Client.Workload!, connection.Parties.Server.Workload!);
        LocalCredentials? FindBoth(MeshSnapshot mesh) => LocalCredentials.Find(mesh.Identities, source, destination);

        // Nobody waits for an SVID that no policy asks for.
        var isAskedFor = seat.Judge(connection).Deciding.Authentication == AuthenticationMode.Required;
        var both = isAskedFor ? await seat.HoldForAsync(FindBoth) : FindBoth(seat.Mesh);
        connection.Authentication = PeerAuthentication.Unauthenticated;
        if (both is null)
            return null;
        var fault = both.TryProve(seat.Time.GetUtcNow(), out var proof);
        if (proof is not null)
            seat.Authenticate(connection, proof);
        return fault;
    }

    /// <summary>From what the client dialled to the pod that serves; waits for manifests that may be under way.</summary>
    private async ValueTask<(Parties Parties, OutcomeReason? Missing)> ResolveAsync(Parties unresolved)
    {
        var resolution = await seat.HoldForAsync(mesh => Resolution.Find(mesh, unresolved, seat.NodeName));
        if (resolution is not null)
            return (resolution.Parties, null);
        return (unresolved, Resolution.WhyNone(seat.Mesh, unresolved));
    }

    private enum Way
    {
        Plain,
        SameNode,
        MutualTls,
    }
}
