using Proxy.Policy;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>Packets by chance between all machines.</summary>
internal sealed class PacketDraw(Random random, IReadOnlyList<Machine> machines)
{
    // No errors, which concern other packets, and nothing of the link.
    public static readonly int[] IcmpTypes = [8, 13, 10, 40];
    public static readonly int[] IcmpV6Types = [128, 144, 200];

    // Two spare lists, so that what a pod answers to an unknown protocol is not drawn.
    private const int PerPair = 7;

    private uint last;

    public IReadOnlyList<Packet> Draw()
    {
        var packets = new List<Packet>();
        foreach (var from in machines)
        {
            foreach (var to in machines.Where(to => to != from))
            {
                for (var i = 0; i < PerPair; i++)
                    packets.Add(Draw(from, to));
            }
        }

        return packets;
    }

    private Packet Draw(Machine from, Machine to)
    {
        var ipv4 = random.Next(2) == 0;
        return random.Next(10) switch
        {
            0 => New(from, to, ipv4, TransportProtocol.Tcp, Machine.TcpPorts[random.Next(Machine.TcpPorts.Length)]),
            1 or 2 => New(from, to, ipv4, TransportProtocol.Sctp, Port()),
            3 or 4 => New(from, to, ipv4, Machine.IcmpOf(ipv4), Type(ipv4)),
            // Without ports both directions are one flow: it has one beginning.
            5 when from.Index < to.Index => New(from, to, ipv4, Machine.Other, 0),
            _ => New(from, to, ipv4, TransportProtocol.Udp, Port()),
        };
    }

    private Packet New(Machine from, Machine to, bool ipv4, TransportProtocol protocol, ushort port) => new(++last, from, to, ipv4, protocol, port);

    private ushort Port() => (ushort)PolicyText.Ports[random.Next(PolicyText.Ports.Length)];

    private ushort Type(bool ipv4) => (ushort)(ipv4 ? IcmpTypes[random.Next(IcmpTypes.Length)] : IcmpV6Types[random.Next(IcmpV6Types.Length)]);
}
