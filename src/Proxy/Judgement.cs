using Proxy.Lifetime;
using Proxy.Policy;

namespace Proxy;

/// <summary>What all policy together says of a connection, and the verdict that decided.</summary>
/// <param name="Refusal">Null when the connection is allowed.</param>
/// <param name="Deciding">The refusing verdict; of an allowed connection the server's side, or else the client's.</param>
/// <param name="Direction">The side the deciding verdict belongs to.</param>
/// <param name="Http">Not null when every request must be judged by this process.</param>
internal readonly record struct Judgement(OutcomeReason? Refusal, Verdict Deciding, Direction Direction, RequestRules? Http)
{
    internal bool IsAllowed => Refusal is null;

    /// <summary>What documents under audit would have refused on the client's side.</summary>
    internal Verdict? EgressAudit { get; init; }

    /// <summary>What documents under audit would have refused on the server's side.</summary>
    internal Verdict? IngressAudit { get; init; }

    /// <summary>The requests are looked at for documents under audit only.</summary>
    internal bool OnlyWatches { get; init; }

    /// <summary>
    /// Both sides of policy, for a connection whose ends are known. The server's node judges its side with the
    /// proven identity; the client's node asks it as well, so that a hopeless connection is never begun.
    /// </summary>
    /// <param name="mesh">The snapshot to judge by.</param>
    /// <param name="parties">Who speaks to whom.</param>
    /// <param name="authentication">What is known of the peers' authentication by now.</param>
    /// <param name="nodeName">The node this process serves: the client's side is only judged for its own pods.</param>
    internal static Judgement Of(MeshSnapshot mesh, in Parties parties, PeerAuthentication authentication, string nodeName)
    {
        var policies = mesh.Cluster.Policies;
        var (protocol, port) = (parties.Protocol, parties.Server.Endpoint.Port);
        var (client, server) = (parties.Client, parties.Server);
        Verdict? egress = null;
        if (client.Workload is { IsEnrolled: true } source && source.NodeName == nodeName)
        {
            egress = policies.Decide(new ConnectionFacts(Direction.Egress, client.Identity, server.Identity, protocol, port, authentication)
            {
                PeerAddress = server.Endpoint.Address,
                ServerPorts = server.Workload?.Ports,
            });
            if (!egress.IsAllowed)
                return new Judgement(OutcomeReasons.From(egress.Reason), egress, Direction.Egress, null);
        }

        var egressAudit = RefusalUnderAudit(egress);
        if (server.Workload is null)
            return Judge(egress ?? Outside, Direction.Egress, egress, null) with { EgressAudit = egressAudit };

        var ingress = policies.Decide(new ConnectionFacts(Direction.Ingress, server.Identity, client.Identity, protocol, port, authentication)
        {
            PeerAddress = client.Endpoint.Address,
            ServerPorts = server.Workload.Ports,
        });
        if (!ingress.IsAllowed)
            return new Judgement(OutcomeReasons.From(ingress.Reason), ingress, Direction.Ingress, null);
        var isLastToJudge = server.Workload.NodeName == nodeName || !server.Workload.IsCapturedAt(port);
        return Judge(ingress, Direction.Ingress, egress, isLastToJudge ? ingress : null) with
        {
            EgressAudit = egressAudit,
            IngressAudit = RefusalUnderAudit(ingress),
        };
    }

    // The client's node judges requests by the client's side, whoever judges them by the server's.
    private static Judgement Judge(Verdict deciding, Direction direction, Verdict? egress, Verdict? ingress) =>
        new(null, deciding, direction, RequestRules.Of(egress?.Http, ingress?.Http))
        {
            OnlyWatches = (egress?.Http ?? ingress?.Http) is not null && OnlyWatchesIn(egress) && OnlyWatchesIn(ingress),
        };

    private static bool OnlyWatchesIn(Verdict? verdict) => verdict?.Http is null || verdict.Audit is { IsAllowed: true };

    private static Verdict? RefusalUnderAudit(Verdict? verdict) => verdict?.Audit is { IsAllowed: false } audit ? audit : null;

    // A connection from outside to outside of the cluster never reaches this process; the empty snapshot isolates nobody.
    private static readonly Verdict Outside = PolicySnapshot.Empty.Decide(
        new ConnectionFacts(Direction.Egress, Policy.Labels.Identity.World, Policy.Labels.Identity.World, TransportProtocol.Tcp, 0, PeerAuthentication.Unauthenticated));
}
