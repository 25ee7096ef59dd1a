using Proxy.Kernel;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Tests.Kernel;

public sealed class SynHeadTests
{
    private static readonly byte[] Tcp = [0x9c, 0x40, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0];
    private static readonly byte[] IPv4 = [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    private static readonly byte[] IPv6 =
        [0x60, 0, 0, 0, 0, 20, 6, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

    private static readonly byte[] Mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];

    public static TheoryData<string, byte[]> Odd => new()
    {
        { "nothing", [] },
        { "no known version", [0x15, .. IPv4[1..], .. Tcp] },
        { "a header shorter than the least", [0x44, .. IPv4[1..], .. Tcp] },
        { "options beyond the packet", [0x4f, .. IPv4[1..], .. Tcp] },
        { "a later fragment", [.. IPv4[..6], 0x00, 0x01, .. IPv4[8..], .. Tcp] },
        { "a first fragment", [.. IPv4[..6], 0x20, 0x00, .. IPv4[8..], .. Tcp] },
        { "not TCP", [.. IPv4[..9], 17, .. IPv4[10..], .. Tcp] },
        { "SYN and ACK", [.. IPv4, .. Tcp[..13], 0x12, .. Tcp[14..]] },
        { "SYN and FIN", [.. IPv4, .. Tcp[..13], 0x03, .. Tcp[14..]] },
        { "no flags", [.. IPv4, .. Tcp[..13], 0x00, .. Tcp[14..]] },
        { "a cut TCP header", [.. IPv4, .. Tcp[..19]] },
        { "a cut IPv6 header", IPv6[..39] },
        { "a routing header", [.. IPv6[..6], 43, .. IPv6[7..], 6, 0, 0, 0, 0, 0, 0, 0, .. Tcp] },
        { "a fragment header", [.. IPv6[..6], 44, .. IPv6[7..], 6, 0, 0, 0, 0, 0, 0, 0, .. Tcp] },
        { "an extension header beyond the packet", [.. IPv6[..6], 0, .. IPv6[7..], 6, 200, 0, 0, 0, 0, 0, 0, .. Tcp] },
        { "an IPv4 source in an IPv6 packet", [.. IPv6[..8], .. Mapped, .. IPv6[24..], .. Tcp] },
        { "an IPv4 destination in an IPv6 packet", [.. IPv6[..24], .. Mapped, .. Tcp] },
        { "too many extension headers", [.. IPv6[..6], 60, .. IPv6[7..], .. Enumerable.Repeat<byte[]>([60, 0, 0, 0, 0, 0, 0, 0], 8).SelectMany(h => h), 6, 0, 0, 0, 0, 0, 0, 0, .. Tcp] },
    };

    [Fact]
    public void An_IPv4_syn_is_read() => AssertRead("10.0.0.1", "10.0.0.2", [.. IPv4, .. Tcp]);

    [Fact]
    public void An_IPv4_syn_behind_options_is_read() => AssertRead("10.0.0.1", "10.0.0.2", [0x46, .. IPv4[1..], 1, 1, 1, 1, .. Tcp]);

    [Fact]
    public void An_IPv6_syn_is_read() => AssertRead("fd00::1", "fd00::2", [.. IPv6, .. Tcp]);

    [Fact]
    public void An_IPv6_syn_behind_option_headers_is_read() => AssertRead("fd00::1", "fd00::2",
        [.. IPv6[..6], 0, .. IPv6[7..], 60, 0, 0, 0, 0, 0, 0, 0, 6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Tcp]);

    [Fact]
    public void Congestion_flags_do_not_matter() => AssertRead("10.0.0.1", "10.0.0.2", [.. IPv4, .. Tcp[..13], 0xc2, .. Tcp[14..]]);

    [Theory]
    [MemberData(nameof(Odd))]
    public void What_is_odd_is_refused(string what, byte[] packet)
    {
        Assert.NotEmpty(what);
        Assert.False(SynHead.TryParse(packet, out _));
    }

    [Fact]
    public void No_prefix_of_a_packet_breaks_the_reader()
    {
        byte[] whole = [.. IPv6, .. Tcp];
        for (var length = 0; length < whole.Length; length++)
            Assert.False(SynHead.TryParse(whole.AsSpan(0, length), out _));
    }

    [Fact]
    public void Random_bytes_never_break_the_readers()
    {
        var random = new Random(20261122);
        var bytes = new byte[160];
        for (var round = 0; round < 1_000_000; round++)
        {
            var length = random.Next(bytes.Length);
            random.NextBytes(bytes);
            // Half of the rounds begin plausibly, to get further into the readers.
            if (round % 2 == 0)
                (bytes[0], bytes[6], bytes[9]) = ((byte)(round % 4 == 0 ? 0x45 : 0x60), (byte)(random.Next(3) * 30), 6);
            _ = SynHead.TryParse(bytes.AsSpan(0, length), out _);
            ReadAsNetlink(bytes.AsSpan(0, length), random);
        }
    }

    private static void ReadAsNetlink(Span<byte> bytes, Random random)
    {
        if (bytes.Length > 24 && random.Next(2) == 0)
        {
            BitConverter.TryWriteBytes(bytes, random.Next(bytes.Length + 4));
            BitConverter.TryWriteBytes(bytes[4..], (ushort)(random.Next(2) == 0 ? 0x300 : 2));
            BitConverter.TryWriteBytes(bytes[20..], (ushort)random.Next(12));
            BitConverter.TryWriteBytes(bytes[22..], (ushort)(random.Next(2) == 0 ? 1 : 10));
        }
        var reader = new NetlinkReader(bytes);
        for (var messages = 0; reader.Next(); messages++)
        {
            Assert.True(messages < 16);
            _ = reader.IsAnswer(out _);
            if (NetlinkQueue.TryRead(reader, out var packet))
                _ = PacketQuestions.TryReadSyn(packet, out _);
        }
    }

    private static void AssertRead(string source, string destination, byte[] packet)
    {
        Assert.True(SynHead.TryParse(packet, out var head));
        Assert.Equal((source, (ushort)40000), (head.Source.ToString(), head.SourcePort));
        Assert.Equal((destination, (ushort)80), (head.Destination.ToString(), head.DestinationPort));
        Assert.True(Address.TryParse(source, out var address) && address == head.Source);
    }
}
