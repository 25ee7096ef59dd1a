using Proxy.Engine;

namespace Proxy.Tests.Tunnels;

public sealed class TunnelFrameTests
{
    [Fact]
    public void A_header_is_type_length_and_stream_in_network_order()
    {
        var header = new byte[TunnelFrame.HeaderSize];
        var frame = new TunnelFrame(FrameType.Data, 0x01_02_03, 0x04_05_06_07);
        frame.Write(header);
        Assert.Equal([4, 1, 2, 3, 4, 5, 6, 7], header);
        Assert.Equal(frame, TunnelFrame.Read(header));
    }

    [Fact]
    public void An_opening_is_a_port_and_whether_it_may_be_seen()
    {
        var payload = new byte[StreamOpening.Size];
        new StreamOpening(0x1234, MayKeepPort: true).Write(payload);
        Assert.Equal([0x12, 0x34, 1], payload);
        Assert.True(StreamOpening.TryRead(payload, out var opening));
        Assert.Equal(new StreamOpening(0x1234, true), opening);
        Assert.True(StreamOpening.TryRead([0, 80, 0], out opening));
        Assert.Equal(new StreamOpening(80, false), opening);
        Assert.False(StreamOpening.TryRead([0, 80, 2], out _));
    }

    [Theory]
    [InlineData(1, 2, false)]
    [InlineData(1, 3, true)]
    [InlineData(1, 4, false)]
    [InlineData(2, 0, true)]
    [InlineData(2, 1, false)]
    [InlineData(3, 0, false)]
    [InlineData(3, 1, true)]
    [InlineData(3, TunnelFrame.MaximumRefusal, true)]
    [InlineData(3, TunnelFrame.MaximumRefusal + 1, false)]
    [InlineData(4, 0, false)]
    [InlineData(4, 1, true)]
    [InlineData(4, TunnelFrame.MaximumData, true)]
    [InlineData(4, TunnelFrame.MaximumData + 1, false)]
    [InlineData(4, 0xff_ff_ff, false)]
    [InlineData(5, 0, true)]
    [InlineData(5, 1, false)]
    [InlineData(6, 1, false)]
    [InlineData(7, 1, false)]
    public void Each_type_has_its_lengths(byte type, int length, bool isValid) =>
        Assert.Equal(isValid, new TunnelFrame((FrameType)type, length, 1).HasValidLength);

    [Theory]
    [InlineData("policy-denied", "CiliumNetworkPolicy default/a: spec.ingress[0]")]
    [InlineData("server-refused", "")]
    public void A_refusal_arrives_as_it_was_written(string reason, string detail)
    {
        var payload = new byte[TunnelFrame.MaximumRefusal];
        var length = StreamRefusal.Write(payload, reason, detail);
        Assert.Equal((reason, detail), StreamRefusal.Read(payload.AsSpan(0, length)));
    }

    [Fact]
    public void A_refusal_is_cut_where_a_character_ends()
    {
        var payload = new byte[TunnelFrame.MaximumRefusal];
        var length = StreamRefusal.Write(payload, "policy-denied", new string('ü', 400));
        Assert.InRange(length, TunnelFrame.MaximumRefusal - 1, TunnelFrame.MaximumRefusal);
        Assert.DoesNotContain('\ufffd', StreamRefusal.Read(payload.AsSpan(0, length)).Detail);
    }

    [Fact]
    public void A_refusal_of_any_bytes_is_printable_text() =>
        Assert.Equal(("a\ufffd", "[31mred\ufffd"), StreamRefusal.Read([(byte)'a', 0xff, 0, 0x1b, .. "[31m\r\nred"u8, 0xc3]));
}
