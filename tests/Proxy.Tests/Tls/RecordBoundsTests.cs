using Proxy.Tls;

namespace Proxy.Tests.Tls;

public sealed class RecordBoundsTests
{
    // Three bytes of plaintext, with the content type and the tag behind them.
    private static readonly byte[] Record = [23, 3, 3, 0, 20, .. new byte[20]];

    [Fact]
    public void A_whole_record_holds_what_its_length_leaves()
    {
        var bounds = new RecordBounds();
        bounds.Take(Record);
        Assert.Equal((3, 1u), (bounds.Plaintext, bounds.Count));
    }

    [Fact]
    public void Several_records_at_once_hold_their_sum()
    {
        var bounds = new RecordBounds();
        bounds.Take([.. Record, .. Record]);
        Assert.Equal(6, bounds.Plaintext);
        bounds.Take(Record);
        Assert.Equal((3, 2u), (bounds.Plaintext, bounds.Count));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(24)]
    public void Nothing_is_known_while_a_record_is_incomplete(int first)
    {
        var bounds = new RecordBounds();
        bounds.Take([.. Record, .. Record.AsSpan(0, first)]);
        Assert.Equal(RecordBounds.Unknown, bounds.Plaintext);
        bounds.Take(Record.AsSpan(first));
        Assert.Equal(3, bounds.Plaintext);
    }

    [Fact]
    public void Bytes_within_a_record_that_look_like_one_are_part_of_it()
    {
        var bounds = new RecordBounds();
        bounds.Take([23, 3, 3, 0, 40, 1]);
        bounds.Take(Record);
        Assert.Equal(RecordBounds.Unknown, bounds.Plaintext);
        bounds.Take(new byte[14]);
        Assert.Equal(23, bounds.Plaintext);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void After_a_header_in_two_parts_nothing_is_known_any_more(int first)
    {
        var bounds = new RecordBounds();
        bounds.Take(Record.AsSpan(0, first));
        bounds.Take(Record.AsSpan(first));
        bounds.Take(Record);
        Assert.Equal(RecordBounds.Unknown, bounds.Plaintext);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    public void A_record_that_is_too_short_for_TLS_holds_nothing_that_a_reader_is_given(byte length)
    {
        var bounds = new RecordBounds();
        bounds.Take([23, 3, 3, 0, length, .. new byte[length]]);
        Assert.InRange(bounds.Plaintext, int.MinValue, 0);
    }
}
