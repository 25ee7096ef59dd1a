using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

public sealed class PortTableTests
{
    private static readonly NamedPorts Names = new([("web", TransportProtocol.Tcp, 8080), ("DNS", TransportProtocol.Udp, 53)]);

    [Theory]
    [InlineData("every port", "*", TransportProtocol.Sctp, 1, true)]
    [InlineData("every port, ICMP too", "*", TransportProtocol.Icmp, 8, true)]
    [InlineData("one port", "80", TransportProtocol.Tcp, 80, true)]
    [InlineData("another", "80", TransportProtocol.Tcp, 81, false)]
    [InlineData("another protocol", "80", TransportProtocol.Udp, 80, false)]
    [InlineData("first of a range", "80-90", TransportProtocol.Tcp, 80, true)]
    [InlineData("last of a range", "80-90", TransportProtocol.Tcp, 90, true)]
    [InlineData("before a range", "80-90", TransportProtocol.Tcp, 79, false)]
    [InlineData("behind a range", "80-90", TransportProtocol.Tcp, 91, false)]
    [InlineData("to the last port", "60000-65535", TransportProtocol.Tcp, 65535, true)]
    [InlineData("port 0 is all of the protocol", "0", TransportProtocol.Tcp, 65535, true)]
    [InlineData("and of no other", "0", TransportProtocol.Udp, 1, false)]
    [InlineData("port 0 is not ICMP", "0", TransportProtocol.Icmp, 0, false)]
    [InlineData("a type of ICMP", "icmp8", TransportProtocol.Icmp, 8, true)]
    [InlineData("type 0 is a type", "icmp0", TransportProtocol.Icmp, 8, false)]
    [InlineData("the other family", "icmp8", TransportProtocol.IcmpV6, 8, false)]
    [InlineData("ICMP for IPv6", "icmp6-128", TransportProtocol.IcmpV6, 128, true)]
    [InlineData("a name", "web", TransportProtocol.Tcp, 8080, true)]
    [InlineData("the name at another port", "web", TransportProtocol.Tcp, 80, false)]
    [InlineData("a name of another protocol", "dns", TransportProtocol.Tcp, 53, false)]
    [InlineData("names are lower case", "udpdns", TransportProtocol.Udp, 53, true)]
    [InlineData("a name nobody gave", "metrics", TransportProtocol.Tcp, 8080, false)]
    [InlineData("one of several", "80,web,udp0", TransportProtocol.Udp, 7, true)]
    public void Ports_of_a_rule(string row, string ports, TransportProtocol protocol, int port, bool isCovered)
    {
        foreach (var direction in Enum.GetValues<Direction>())
        {
            var prefix = direction == Direction.Egress ? "egress " : "";
            var facts = new ConnectionFacts(direction, DeathStar, TieFighter, protocol, (ushort)port, default) { ServerPorts = Names };

            Assert.True(isCovered == Draft.Snapshot($"{prefix}tie {ports}").Decide(facts).IsAllowed, row);
            Assert.True(isCovered == !Draft.Snapshot($"{prefix}any *; deny tie {ports}").Decide(facts).IsAllowed, row);
        }
    }

    [Fact]
    public void Servers_of_one_identity_may_mean_different_ports_by_one_name()
    {
        var snapshot = Draft.Snapshot("egress tie web");
        var other = new NamedPorts([("web", TransportProtocol.Tcp, 9090)]);

        for (var round = 0; round < 2; round++)
        {
            Assert.True(Ask(snapshot, Names, 8080));
            Assert.False(Ask(snapshot, Names, 9090));
            Assert.True(Ask(snapshot, other, 9090));
            Assert.False(Ask(snapshot, other, 8080));
            Assert.False(Ask(snapshot, null, 8080));
            Assert.False(Ask(snapshot, NamedPorts.None, 8080));
        }
    }

    [Fact]
    public void Servers_whose_names_have_changed_places_are_told_apart()
    {
        var snapshot = Draft.Snapshot("egress tie web; alliance admin");
        var one = new NamedPorts([("web", TransportProtocol.Tcp, 8080), ("admin", TransportProtocol.Tcp, 9090)]);
        var swapped = new NamedPorts([("web", TransportProtocol.Tcp, 9090), ("admin", TransportProtocol.Tcp, 8080)]);
        var onlyAdmin = new NamedPorts([("admin", TransportProtocol.Tcp, 8080)]);
        var onlyWeb = new NamedPorts([("web", TransportProtocol.Tcp, 8080)]);

        for (var round = 0; round < 2; round++)
        {
            Assert.True(Ask(snapshot, one, 8080));
            Assert.False(Ask(snapshot, swapped, 8080));
            Assert.True(Ask(snapshot, onlyWeb, 8080));
            Assert.False(Ask(snapshot, onlyAdmin, 8080));
        }
    }

    [Fact]
    public void Many_ranges_are_told_apart_exactly()
    {
        var snapshot = Draft.Snapshot("tie " + string.Join(',', Enumerable.Range(0, 600).Select(i => $"{i * 100 + 10}-{i * 100 + 20}")));

        for (var port = 0; port < 60_000; port++)
            Assert.Equal(port % 100 is >= 10 and <= 20, snapshot.Ask(TieFighter, (ushort)port).IsAllowed);
    }

    private static bool Ask(PolicySnapshot snapshot, NamedPorts? names, ushort port) => snapshot.Decide(
        new ConnectionFacts(Direction.Egress, DeathStar, TieFighter, TransportProtocol.Tcp, port, default) { ServerPorts = names }).IsAllowed;
}
