using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Kernel;
using Proxy.Lifetime;
using Proxy.Policy;

namespace Proxy;

/// <summary>
/// Judges all that is not TCP. It is not carried by this process, so the answer is all there is: it holds for the flow until
/// it is forgotten or the mesh changes, and nobody proves who he is.
/// </summary>
internal sealed class FlowJudge(ConnectionSeat seat, PodCapture pod, FlowMemory memory) : IPacketJudge
{
    private static readonly Cidr LinkLocal = RangeOf("fe80::/10");

    // Multicast and the link's broadcast: to everyone who listens, the pod among them.
    private static readonly Cidr[] Groups = [RangeOf("224.0.0.0/4"), RangeOf("255.255.255.255/32"), RangeOf("ff00::/8")];

    public bool? Decide(in PacketQuestion question)
    {
        var unresolved = Unresolved(question);
        if (FindOddity(question, unresolved) is { } oddity)
        {
            seat.Refuse(unresolved, DirectionOf(question), oddity);
            return false;
        }

        if (Judge(question, unresolved) is not var (parties, judgement))
            return null;
        if (!judgement.IsAllowed)
        {
            seat.DenyFlow(parties, judgement);
            return false;
        }

        // What the server's own node-proxy judges as well, it tells.
        if (memory.Remember(question))
            ConnectionFlows.WriteAdmitted(seat.Flows, parties, judgement, !question.IsOutbound || parties.Server.Workload is not { IsEnrolled: true });
        return true;
    }

    public void GiveUp(in PacketQuestion question)
    {
        var unresolved = Unresolved(question);
        var reason = question.IsOutbound ? Resolution.WhyNone(seat.Mesh, unresolved) : OutcomeReason.UnknownClient;
        seat.Refuse(unresolved, DirectionOf(question), reason);
    }

    public void OnMeshChanged() => memory.KeepOnly(MayGoOn);

    public void Dispose() => memory.Dispose();

    private bool MayGoOn(PacketQuestion question)
    {
        var unresolved = Unresolved(question);
        return FindOddity(question, unresolved) is null && Judge(question, unresolved) is var (_, judgement) && judgement.IsAllowed;
    }

    private (Parties Parties, Judgement Judgement)? Judge(in PacketQuestion question, in Parties unresolved)
    {
        var mesh = seat.Mesh;
        var found = question.IsOutbound ? Resolution.Find(mesh, unresolved, seat.NodeName) : Resolution.FindClient(mesh, unresolved);
        if (found is null)
            return null;
        var parties = found.Parties;
        return (parties, Judgement.Of(mesh, parties, PeerAuthentication.Unauthenticated, seat.NodeName));
    }

    // The packet says what the directory has to confirm: the pod is still this one, and the address is the pod's.
    private static OutcomeReason? FindOddity(in PacketQuestion question, in Parties unresolved)
    {
        var own = question.IsOutbound ? unresolved.Client : unresolved.Server;
        if (own.Workload is not { } workload)
            return OutcomeReason.WorkloadChanged;
        if (workload.IsDisputed)
            return OutcomeReason.DisputedWorkload;
        var address = own.Endpoint.Address;
        if (workload.Addresses.Contains(address) || LinkLocal.Contains(address))
            return null;
        if (question.IsOutbound)
            return OutcomeReason.SpoofedClient;
        return Array.Exists(Groups, range => range.Contains(address)) ? null : OutcomeReason.UnknownServer;
    }

    private Parties Unresolved(in PacketQuestion question) => SynJudge.Unresolved(question, FindOwn());

    // The pod's own version follows the directory a little later, and nobody would ask again then.
    private Workload? FindOwn()
    {
        var known = pod.Workload;
        for (var i = 0; i < known.Addresses.Count; i++)
        {
            if (seat.Mesh.Cluster.FindWorkload(known.Addresses[i]) is { } found && found.Uid == known.Uid)
                return found;
        }

        return null;
    }

    private static Cidr RangeOf(string text) => Cidr.TryParse(text, out var range) ? range : throw new ArgumentException(text);

    private static Direction DirectionOf(in PacketQuestion question) => question.IsOutbound ? Direction.Egress : Direction.Ingress;
}
