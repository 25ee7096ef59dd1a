using Proxy.Policy;
using Proxy.Policy.Tests.Reference;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>What an evaluator says of packets, asked without any node-proxy.</summary>
internal sealed class PacketVerdicts(ReferenceEvaluator evaluator, Round round)
{
    /// <summary>Whether the packet reaches the station that it is for: both sides must let it, as far as somebody asks them.</summary>
    public bool Allows(Packet packet)
    {
        var (from, to) = (packet.From, packet.To);
        if (from.IsEnrolled && !Allows(packet, Direction.Egress))
            return false;
        return to.IsOutside || (!from.IsEnrolled && !to.IsEnrolled) || Allows(packet, Direction.Ingress);
    }

    private bool Allows(Packet packet, Direction direction)
    {
        var (subject, peer) = direction == Direction.Egress ? (packet.From, packet.To) : (packet.To, packet.From);
        var isProven = packet.Protocol == TransportProtocol.Tcp && subject.IsEnrolled && peer.IsEnrolled;
        var answer = evaluator.Ask(round.Scenario, new Question(
            direction, round.WorkloadOf(subject, packet.IsIPv4), round.WorkloadOf(peer, packet.IsIPv4), packet.Protocol, packet.Port,
            isProven ? PeerAuthentication.Authenticated : PeerAuthentication.Unauthenticated, packet.Request));
        return answer is { Passes: true, Request: Passage.Pass };
    }
}
