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

    private readonly ToldRefusals _told = new(seat.Time);

    public bool? Decide(in PacketQuestion question)
    {
        var mesh = seat.Mesh;
        var unresolved = Unresolved(question, mesh);
        if (FindOddity(question, unresolved) is { } oddity)
        {
            if (MayTell(question))
                seat.Refuse(unresolved, DirectionOf(question), oddity);
            return false;
        }

        if (Judge(question, unresolved, mesh) is not var (parties, judgement))
            return null;
        if (!judgement.IsAllowed)
        {
            if (MayTell(question))
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
        if (!MayTell(question))
            return;
        var mesh = seat.Mesh;
        var unresolved = Unresolved(question, mesh);
        var reason = question.IsOutbound ? Resolution.WhyNone(mesh, unresolved) : OutcomeReason.UnknownClient;
        seat.Refuse(unresolved, DirectionOf(question), reason);
    }

    public bool OnMeshChanged() => memory.KeepOnly(MayGoOn);

    public void Dispose() => memory.Dispose();

    private bool MayTell(in PacketQuestion question)
    {
        if (_told.MayTell(question))
            return true;
        seat.CountNotTold();
        return false;
    }

    private bool MayGoOn(PacketQuestion question)
    {
        var mesh = seat.Mesh;
        var unresolved = Unresolved(question, mesh);
        return FindOddity(question, unresolved) is null && Judge(question, unresolved, mesh) is var (_, judgement) && judgement.IsAllowed;
    }

    // By the same snapshot that says who the pod is: two of them together may allow what neither does.
    private (Parties Parties, Judgement Judgement)? Judge(in PacketQuestion question, in Parties unresolved, MeshSnapshot mesh)
    {
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

    private Parties Unresolved(in PacketQuestion question, MeshSnapshot mesh) => SynJudge.Unresolved(question, FindOwn(mesh));

    // The pod's own version follows the directory a little later, and nobody would ask again then.
    private Workload? FindOwn(MeshSnapshot mesh)
    {
        var known = pod.Workload;
        for (var i = 0; i < known.Addresses.Count; i++)
        {
            if (mesh.Cluster.FindWorkload(known.Addresses[i]) is { } found && found.Uid == known.Uid)
                return found;
        }

        return null;
    }

    private static Cidr RangeOf(string text) => Cidr.TryParse(text, out var range) ? range : throw new ArgumentException(text);

    private static Direction DirectionOf(in PacketQuestion question) => question.IsOutbound ? Direction.Egress : Direction.Ingress;
}
