using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Kernel;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy;

/// <summary>Judges first packets of TCP connections. What is let through is captured, and judged again there.</summary>
internal sealed class SynJudge(ConnectionSeat seat, PodCapture pod, AllowSet allowed, TimeSpan rememberFor) : IPacketJudge
{
    public bool? Decide(in PacketQuestion question)
    {
        var mesh = seat.Mesh;
        var unresolved = Unresolved(question);
        var found = question.IsOutbound
            ? Resolution.Find(mesh, unresolved, seat.NodeName)
            : Resolution.FindClient(mesh, unresolved);
        if (found is null)
            return null;
        var parties = Newest(found.Parties, mesh);
        var judgement = Judgement.Of(mesh, parties, PeerAuthentication.NotYetKnown, seat.NodeName);
        if (!judgement.IsAllowed)
            seat.Deny(parties, judgement);
        else if (question.IsOutbound)
            allowed.AddOutbound(question.Destination, question.DestinationPort, rememberFor);
        return judgement.IsAllowed;
    }

    public void GiveUp(in PacketQuestion question)
    {
        var unresolved = Unresolved(question);
        if (question.IsOutbound)
            seat.Refuse(unresolved, Direction.Egress, Resolution.WhyNone(seat.Mesh, unresolved));
        else
            seat.Refuse(unresolved, Direction.Ingress, OutcomeReason.UnknownClient);
    }

    public bool OnMeshChanged()
    {
        // Whatever the kernel makes of it: what it lets through is captured.
        allowed.Flush();
        return true;
    }

    public void Dispose() => allowed.Dispose();

    // The pod's own version follows the directory a little later.
    internal static Parties Newest(in Parties parties, MeshSnapshot mesh)
    {
        var newest = parties.As(mesh.Cluster);
        return newest.AreSamePods(parties) ? newest : parties;
    }

    private Parties Unresolved(in PacketQuestion question) => Unresolved(question, pod.Workload);

    /// <summary>What the packet alone says, and whose namespace it was in.</summary>
    internal static Parties Unresolved(in PacketQuestion question, Workload? own)
    {
        var isIcmp = question.Protocol is TransportProtocol.Icmp or TransportProtocol.IcmpV6;
        var client = new Endpoint(question.Source, isIcmp ? question.Code : question.SourcePort);
        var server = new Endpoint(question.Destination, question.DestinationPort);
        return question.IsOutbound
            ? new Parties(new Party(client, own), new Party(server, null), null, question.Protocol)
            : new Parties(new Party(client, null), new Party(server, own), null, question.Protocol);
    }
}
