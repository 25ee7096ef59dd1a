using Proxy.Policy;
using Proxy.Policy.Tests.Reference;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>Packets by chance between all stations.</summary>
internal sealed class PacketDraw(Random random, IReadOnlyList<Station> stations)
{
    // No errors, which concern other packets, and nothing of the link.
    private static readonly ushort[] IcmpTypes = [8, 8, 13, 10, 40];
    private static readonly ushort[] IcmpV6Types = [128, 128, 144, 200];

    // Two spare lists, so that what a pod answers to an unknown protocol is not drawn.
    private const int PerPair = 7;

    private readonly QuestionDraw _questions = new(random, new ClusterModel());
    private uint _last;

    public IReadOnlyList<Packet> Draw()
    {
        var packets = new List<Packet>();
        foreach (var from in stations)
        {
            foreach (var to in stations.Where(to => to != from))
            {
                for (var i = 0; i < PerPair; i++)
                    packets.Add(Draw(from, to));
            }
        }

        return packets;
    }

    private Packet Draw(Station from, Station to)
    {
        var ipv4 = random.OneIn(2);
        return random.Next(12) switch
        {
            0 or 1 or 2 => New(from, to, ipv4, TransportProtocol.Tcp, random.From(Machine.TcpPorts)) with { Request = Request() },
            3 or 4 => New(from, to, ipv4, TransportProtocol.Sctp, random.From(PortDraw.Numbers)),
            5 or 6 => New(from, to, ipv4, Machine.IcmpOf(ipv4), random.From(ipv4 ? IcmpTypes : IcmpV6Types)),
            // Without ports both directions are one flow: it has one beginning.
            7 when from.Index < to.Index => New(from, to, ipv4, Machine.Other, 0),
            _ => New(from, to, ipv4, TransportProtocol.Udp, random.From(PortDraw.Numbers)),
        };
    }

    // Where requests are judged at all, one that is not well formed is refused whatever the rules say.
    private Request Request()
    {
        while (true)
        {
            var request = _questions.Request();
            if (request.Method != "get" && !request.Target.Contains('%') && !request.Target.Contains("..", StringComparison.Ordinal))
                return request;
        }
    }

    private Packet New(Station from, Station to, bool ipv4, TransportProtocol protocol, ushort port) => new(++_last, from, to, ipv4, protocol, port);
}
