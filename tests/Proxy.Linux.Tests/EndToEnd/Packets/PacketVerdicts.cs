using System.Text;
using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>What policy says of packets, asked without any node-proxy.</summary>
internal sealed class PacketVerdicts
{
    private readonly PolicySnapshot policies;

    public PacketVerdicts(string text)
    {
        var documents = ManifestReader.Read("drawn.yaml", Encoding.UTF8.GetBytes(text)).Documents.Select(PolicyParser.Parse).ToList();
        Assert.All(documents, document => Assert.True(!document.IsRefused, $"{string.Join('\n', document.Faults)}\n{text}"));
        policies = PolicySnapshot.Compile(documents);
    }

    /// <summary>Whether the packet reaches the machine that it is for: both sides must let it, as far as somebody asks them.</summary>
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
        return policies.Decide(new ConnectionFacts(
            direction, subject.Identity, peer.Identity, packet.Protocol, packet.Port, isProven ? PeerAuthentication.Authenticated : PeerAuthentication.Unauthenticated)
        {
            PeerAddress = Address.From(peer.AddressOf(packet.IsIPv4)),
        }).IsAllowed;
    }
}
