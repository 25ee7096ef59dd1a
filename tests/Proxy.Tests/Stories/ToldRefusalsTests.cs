using Proxy.Kernel;
using Proxy.Policy;
using Proxy.Tests.Engine;

using static Proxy.Tests.Cluster.LiveManifests;

namespace Proxy.Tests.Stories;

public sealed class ToldRefusalsTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    private readonly ManualTime _time = new();

    [Fact]
    public void The_same_refusal_is_told_again_after_a_second_and_not_before()
    {
        var told = new ToldRefusals(_time);

        Assert.True(told.MayTell(Refused(53)));
        Assert.False(told.MayTell(Refused(53)));
        _time.Advance(ToldRefusals.Interval - Moment);
        Assert.False(told.MayTell(Refused(53)));
        _time.Advance(Moment);
        Assert.True(told.MayTell(Refused(53)));
        Assert.False(told.MayTell(Refused(53)));
        Assert.Equal(1, told.Count);
    }

    [Fact]
    public void Another_peer_protocol_port_or_direction_is_told_for_itself()
    {
        var told = new ToldRefusals(_time);

        Assert.True(told.MayTell(Refused(53)));
        Assert.True(told.MayTell(Refused(54)));
        Assert.True(told.MayTell(Refused(53, peer: "10.0.0.3")));
        Assert.True(told.MayTell(Refused(53, TransportProtocol.Sctp)));
        Assert.True(told.MayTell(Refused(53, isOutbound: true)));
    }

    [Fact]
    public void The_code_of_an_ICMP_packet_makes_no_other_refusal_of_it()
    {
        var told = new ToldRefusals(_time);

        Assert.True(told.MayTell(Refused(8, TransportProtocol.Icmp)));
        Assert.False(told.MayTell(Refused(8, TransportProtocol.Icmp) with { Code = 1 }));
    }

    [Fact]
    public void As_many_are_told_in_a_second_as_may_and_no_more_are_remembered()
    {
        const int Limit = 8;
        var told = new ToldRefusals(_time, Limit);

        for (ushort port = 1; port <= Limit; port++)
            Assert.True(told.MayTell(Refused(port)));
        for (ushort port = Limit + 1; port < 1000; port++)
            Assert.False(told.MayTell(Refused(port)));
        Assert.Equal(Limit, told.Count);

        _time.Advance(ToldRefusals.Interval);
        Assert.True(told.MayTell(Refused(1000)));
        Assert.Equal(1, told.Count);
    }

    private static PacketQuestion Refused(
        ushort port, TransportProtocol protocol = TransportProtocol.Udp, string peer = "10.0.0.2", bool isOutbound = false) => new()
        {
            PacketId = 1,
            Queue = 1,
            IsOutbound = isOutbound,
            Protocol = protocol,
            Source = isOutbound ? Ip("10.0.0.1") : Ip(peer),
            SourcePort = 40_000,
            Destination = isOutbound ? Ip(peer) : Ip("10.0.0.1"),
            DestinationPort = port,
        };
}
