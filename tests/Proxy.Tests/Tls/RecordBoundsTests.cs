using Proxy.Tls;

namespace Proxy.Tests.Tls;

public sealed class RecordBoundsTests
{
    private static readonly byte[] Record = [23, 3, 3, 0, 2, 1, 2];

    [Fact]
    public void A_whole_record_that_comes_alone_is_lone()
    {
        var bounds = new RecordBounds();
        bounds.Take(Record);
        Assert.Equal(Record.Length, bounds.Lone);
        bounds.Ask();
        Assert.Equal(0, bounds.Lone);
    }

    [Fact]
    public void Two_records_at_once_are_not_lone_but_the_next_is()
    {
        var bounds = new RecordBounds();
        bounds.Take([.. Record, .. Record]);
        Assert.Equal(0, bounds.Lone);
        bounds.Take(Record);
        Assert.Equal(Record.Length, bounds.Lone);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void A_record_in_two_parts_is_not_lone_but_the_next_is(int first)
    {
        var bounds = new RecordBounds();
        bounds.Take(Record.AsSpan(0, first));
        bounds.Take(Record.AsSpan(first));
        Assert.Equal(0, bounds.Lone);
        bounds.Take(Record);
        Assert.Equal(Record.Length, bounds.Lone);
    }

    [Fact]
    public void Bytes_within_a_record_that_look_like_one_are_not_lone()
    {
        var bounds = new RecordBounds();
        bounds.Take([23, 3, 3, 0, 8, 1]);
        bounds.Take(Record);
        Assert.Equal(0, bounds.Lone);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void After_a_header_in_two_parts_nothing_is_lone_any_more(int first)
    {
        var bounds = new RecordBounds();
        bounds.Take(Record.AsSpan(0, first));
        bounds.Take(Record.AsSpan(first));
        bounds.Take(Record);
        Assert.Equal(0, bounds.Lone);
    }
}
