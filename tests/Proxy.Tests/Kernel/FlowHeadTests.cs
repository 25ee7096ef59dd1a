using Proxy.Kernel;
using Proxy.Policy;

namespace Proxy.Tests.Kernel;

public sealed class FlowHeadTests
{
    private static readonly byte[] Ports = [0x9c, 0x40, 0x00, 0x35];
    private static readonly byte[] IPv6 =
        [0x60, 0, 0, 0, 0, 8, 17, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

    public static TheoryData<string, byte[]> Odd => new()
    {
        { "nothing", [] },
        { "TCP", [.. IPv4(6), .. Ports] },
        { "half of the ports", [.. IPv4(17), .. Ports[..3]] },
        { "half of the ports of SCTP", [.. IPv4(132), .. Ports[..3]] },
        { "ICMP without its head", [.. IPv4(1), 8, 0, 0] },
        { "ICMPv6 over IPv4", [.. IPv4(58), 128, 0, 0, 0] },
        { "ICMP over IPv6", [.. IPv6[..6], 1, .. IPv6[7..], 8, 0, 0, 0] },
        { "a first fragment", [.. IPv4(17)[..6], 0x20, 0x00, .. IPv4(17)[8..], .. Ports] },
        { "a later fragment", [.. IPv4(17)[..6], 0x00, 0x01, .. IPv4(17)[8..], .. Ports] },
        { "a routing header", [.. IPv6[..6], 43, .. IPv6[7..], 17, 0, 0, 0, 0, 0, 0, 0, .. Ports] },
        { "a fragment of another protocol", [.. IPv4(253)[..6], 0x00, 0x01, .. IPv4(253)[8..]] },
    };

    [Theory]
    [InlineData(17)]
    [InlineData(132)]
    [InlineData(136)]
    public void Ports_are_read_where_the_protocol_has_them(byte protocol)
    {
        Assert.True(FlowHead.TryParse([.. IPv4(protocol), .. Ports], out var head));
        Assert.Equal("10.0.0.1 40000 10.0.0.2 53", $"{head.Source} {head.SourcePort} {head.Destination} {head.DestinationPort}");
        Assert.Equal((protocol, 0), ((byte)head.Protocol, head.Code));
    }

    [Fact]
    public void IPv6_is_read_as_well()
    {
        Assert.True(FlowHead.TryParse([.. IPv6, .. Ports], out var head));
        Assert.Equal("fd00::1 40000 fd00::2 53", $"{head.Source} {head.SourcePort} {head.Destination} {head.DestinationPort}");
    }

    [Fact]
    public void Of_ICMP_the_type_stands_for_the_port()
    {
        Assert.True(FlowHead.TryParse([.. IPv4(1), 13, 7, 0, 0], out var head));
        Assert.Equal((TransportProtocol.Icmp, 0, 13, 7), (head.Protocol, head.SourcePort, head.DestinationPort, head.Code));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(47)]
    [InlineData(50)]
    [InlineData(253)]
    public void Another_protocol_has_no_ports(byte protocol)
    {
        Assert.True(FlowHead.TryParse([.. IPv4(protocol), .. Ports], out var head));
        Assert.Equal((protocol, 0, 0), ((byte)head.Protocol, head.SourcePort, head.DestinationPort));
    }

    [Theory]
    [MemberData(nameof(Odd))]
    public void What_is_odd_is_refused(string what, byte[] packet)
    {
        Assert.NotEmpty(what);
        Assert.False(FlowHead.TryParse(packet, out _));
    }

    [Fact]
    public void An_answer_asks_for_the_flow_that_the_other_end_began()
    {
        Assert.True(FlowHead.TryParse([.. IPv4(17), 0, 53, 0x9c, 0x40], out var answer));
        Assert.Equal("10.0.0.2 40000 10.0.0.1 53", answer.FirstOfFlow() is { } first ? $"{first.Source} {first.SourcePort} {first.Destination} {first.DestinationPort}" : "");
    }

    [Theory]
    [InlineData(true, 0, 8)]
    [InlineData(true, 14, 13)]
    [InlineData(true, 16, 15)]
    [InlineData(true, 18, 17)]
    [InlineData(false, 129, 128)]
    [InlineData(false, 140, 139)]
    public void An_answer_of_ICMP_asks_for_its_request(bool ipv4, byte answer, ushort request)
    {
        Assert.True(FlowHead.TryParse(ipv4 ? [.. IPv4(1), answer, 0, 0, 0] : [.. IPv6[..6], 58, .. IPv6[7..], answer, 0, 0, 0], out var head));
        Assert.Equal(request, head.FirstOfFlow()?.DestinationPort);
    }

    [Theory]
    [InlineData(true, 8)]
    [InlineData(true, 3)]
    [InlineData(true, 129)]
    [InlineData(false, 0)]
    [InlineData(false, 128)]
    public void What_answers_nothing_goes_back_in_no_flow(bool ipv4, byte type)
    {
        Assert.True(FlowHead.TryParse(ipv4 ? [.. IPv4(1), type, 0, 0, 0] : [.. IPv6[..6], 58, .. IPv6[7..], type, 0, 0, 0], out var head));
        Assert.Null(head.FirstOfFlow());
    }

    [Fact]
    public void Hostile_bytes_never_break_the_reader()
    {
        var random = new Random(20261123);
        var bytes = new byte[160];
        byte[] protocols = [0, 1, 17, 43, 44, 58, 60, 132, 136, 253];
        for (var round = 0; round < 500_000; round++)
        {
            random.NextBytes(bytes);
            // Half of the rounds begin plausibly, to get further into the reader.
            if (round % 2 == 0)
                (bytes[0], bytes[6], bytes[9]) = ((byte)(round % 4 == 0 ? 0x45 : 0x60), round % 4 == 0 ? (byte)0 : Pick(), Pick());
            if (FlowHead.TryParse(bytes.AsSpan(0, random.Next(bytes.Length)), out var head))
                Assert.NotEqual(TransportProtocol.Tcp, head.FirstOfFlow()?.Protocol);
        }

        byte Pick() => protocols[random.Next(protocols.Length)];
    }

    private static byte[] IPv4(byte protocol) => [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
}
