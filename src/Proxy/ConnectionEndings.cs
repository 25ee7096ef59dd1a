using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Http;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy;

/// <summary>The last step of every connection's story: refused with its reason and flow, or relayed to its end.</summary>
internal static class ConnectionEndings
{
    /// <summary>Refused for something that policy was not asked about.</summary>
    internal static ConnectionOutcome Refuse(this ConnectionSeat seat, in Parties parties, Direction direction, OutcomeReason reason)
    {
        ConnectionFlows.WriteRefused(seat.Flows, parties, direction, reason);
        return new ConnectionOutcome(reason, "");
    }

    /// <summary>The workload has as many connections as it may, or the process has.</summary>
    internal static void RefuseOverLimit(this ConnectionSeat seat, Workload workload, Endpoint client, Endpoint server, bool isOutbound, OutcomeReason reason) =>
        seat.Refuse(
            new Parties(new Party(client, isOutbound ? workload : null), new Party(server, isOutbound ? null : workload), null),
            isOutbound ? Direction.Egress : Direction.Ingress,
            reason);

    /// <summary>Refused by policy.</summary>
    internal static ConnectionOutcome Deny(this ConnectionSeat seat, in Parties parties, in Judgement judgement)
    {
        var reason = judgement.Refusal ?? OutcomeReason.PolicyDenied;
        ConnectionFlows.WriteDenied(seat.Flows, parties, judgement, reason);
        return new ConnectionOutcome(reason, string.Join(", ", judgement.Deciding.Rules));
    }

    /// <summary>A flow that is not TCP, refused by policy. Nobody can prove himself there, so a demand for it is no missing SVID.</summary>
    internal static void DenyFlow(this ConnectionSeat seat, in Parties parties, in Judgement judgement) =>
        ConnectionFlows.WriteDenied(seat.Flows, parties, judgement, judgement.Refusal ?? OutcomeReason.PolicyDenied);

    /// <summary>Refused by policy on one node; where only the proof is missing, the reason names the SVID that is.</summary>
    internal static ConnectionOutcome DenyUnproven(this ConnectionSeat seat, in Parties parties, in Judgement judgement)
    {
        if (judgement.Refusal != OutcomeReason.AuthenticationRequired)
            return seat.Deny(parties, judgement);
        var (client, identities) = (parties.Client.Workload!, seat.Mesh.Identities);
        var hasClientSvid = identities.FindSvid(client.Uid, client.ExpectedId) is not null;
        var reason = hasClientSvid ? Credentials.WhyNone(identities, parties.Server.Workload!, OutcomeReason.NoServerSvid) : OutcomeReason.NoClientSvid;
        return seat.RefuseIdentity(parties, judgement, reason);
    }

    /// <summary>An identity that the connection needs is missing; where policy demands it, the verdict is told as well.</summary>
    internal static ConnectionOutcome RefuseIdentity(this ConnectionSeat seat, in Parties parties, in Judgement judgement, OutcomeReason reason, string detail = "")
    {
        if (judgement.Deciding.Authentication == AuthenticationMode.Required)
            ConnectionFlows.WriteDenied(seat.Flows, parties, judgement, reason);
        else
            ConnectionFlows.WriteRefused(seat.Flows, parties, judgement.Direction, reason);
        return new ConnectionOutcome(reason, detail);
    }

    internal static ConnectionOutcome RefuseHandshake(this ConnectionSeat seat, LiveConnection connection, in Judgement judgement, OutcomeReason reason, string detail) =>
        connection.CutReason is { } cut
            ? new ConnectionOutcome(cut, "")
            : seat.RefuseIdentity(connection.Parties, judgement, reason, detail);

    /// <summary>The other node broke the rules of tunnels.</summary>
    internal static ConnectionOutcome RefuseFrames(this ConnectionSeat seat, LiveConnection connection, Direction direction, TunnelFault fault) =>
        seat.Refuse(connection.Parties, direction, OutcomeReason.TunnelProtocol) with { Detail = fault.ToString() };

    /// <summary>The server could not be reached.</summary>
    internal static ConnectionOutcome Fail(this ConnectionSeat seat, LiveConnection connection, OutcomeReason reason) =>
        connection.CutReason is { } cut ? new ConnectionOutcome(cut, "") : seat.Refuse(connection.Parties, Direction.Ingress, reason);

    /// <summary>Judges once more, by what is in force and proven now, and relays.</summary>
    internal static async ValueTask<ConnectionOutcome> RelayAsync(this ConnectionSeat seat, LiveConnection connection, Leg client, Leg? server, SocketFault fault) =>
        seat.Admit(connection, server, fault) ?? await seat.RelayAdmittedAsync(connection, client, server!);

    /// <summary>The last judgement before bytes flow; null when the connection may be relayed, which must follow at once.</summary>
    internal static ConnectionOutcome? Admit(this ConnectionSeat seat, LiveConnection connection, Leg? server, SocketFault fault)
    {
        if (server is null)
            return seat.Fail(connection, OutcomeReasons.From(fault));
        connection.AttachServer(server);
        if (connection.CutReason is { } cut)
            return new ConnectionOutcome(cut, "");
        // Who the ends are and what they may by one snapshot: two of them together may allow what neither does.
        var mesh = seat.Mesh;
        if (seat.FindLostGround(connection, mesh) is { } lost)
            return seat.Refuse(connection.Parties, Direction.Ingress, lost);
        var judgement = seat.Judge(connection, mesh);
        if (!judgement.IsAllowed)
            return seat.Deny(connection.Parties, judgement);
        if (connection.HasPassedUnread && judgement is { Http: not null, OnlyWatches: false })
            return seat.Refuse(connection.Parties, judgement.Direction, OutcomeReason.GateRequired);

        connection.Take(judgement);
        connection.HasGate = judgement.Http is not null;
        connection.IsRelaying = true;
        ConnectionFlows.WriteAdmitted(seat.Flows, connection.Parties, judgement, IsOursToTell(connection.Parties, seat.NodeName));
        return null;
    }

    /// <summary>What the judgement says of the connection's requests.</summary>
    internal static void Take(this LiveConnection connection, in Judgement judgement) =>
        (connection.Http, connection.OnlyWatched) = (judgement.Http, judgement.OnlyWatches);

    /// <summary>Relays a connection that was admitted just now.</summary>
    internal static async ValueTask<ConnectionOutcome> RelayAdmittedAsync(this ConnectionSeat seat, LiveConnection connection, Leg client, Leg server) =>
        connection.HasGate
            ? await RelayGatedAsync(seat, connection, client, server)
            : Ended(connection, await Relay.RunAsync(seat.Worker, client, server, seat.Watch(connection)));

    private static async ValueTask<ConnectionOutcome> RelayGatedAsync(ConnectionSeat seat, LiveConnection connection, Leg client, Leg server)
    {
        var gate = new RequestGate(new RequestJudge(connection, seat.Flows, seat.Time), seat.Limits.Http);
        connection.RefusesUnderway = rules => gate.TryFindUnderway(out var request) && !rules.Allow(request.Facts);
        var relay = new GatedRelay(seat.Worker, client, server, gate, seat.Watch(connection));
        var inOrder = await relay.RunAsync();
        if (relay.Fault == GateFault.None || connection.CutReason is not null)
            return Ended(connection, inOrder);
        ConnectionFlows.WriteMalformed(seat.Flows, connection.Parties, relay.Fault);
        return new ConnectionOutcome(OutcomeReason.MalformedHttp, relay.Fault.Reason());
    }

    private static ConnectionOutcome Ended(LiveConnection connection, bool inOrder) =>
        new(connection.CutReason ?? (inOrder ? OutcomeReason.Completed : OutcomeReason.Reset), "");

    // A server's own node-proxy tells of its side; one flow for one verdict.
    private static bool IsOursToTell(in Parties parties, string nodeName) =>
        parties.Server.Workload is not { } server || !server.IsCapturedAt(parties.Server.Endpoint.Port) || server.NodeName == nodeName;
}
