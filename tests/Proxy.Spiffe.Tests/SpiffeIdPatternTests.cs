namespace Proxy.Spiffe.Tests;

public sealed class SpiffeIdPatternTests
{
    [Theory]
    [InlineData("spiffe://td/a", "spiffe://td/a", true)]
    [InlineData("spiffe://td/a", "spiffe://td/a/b", false)]
    [InlineData("spiffe://td/a", "spiffe://other/a", false)]
    [InlineData("spiffe://td/a/*", "spiffe://td/a/b", true)]
    [InlineData("spiffe://td/a/*", "spiffe://td/a/b/c", true)]
    [InlineData("spiffe://td/a/*", "spiffe://td/a", false)]
    [InlineData("spiffe://td/a/*", "spiffe://td/ab", false)]
    [InlineData("spiffe://td/*", "spiffe://td/a", true)]
    [InlineData("spiffe://td/*", "spiffe://td", false)]
    [InlineData("spiffe://td/*", "spiffe://td.evil/a", false)]
    public void One_id_or_all_below_a_path(string pattern, string id, bool isAccepted)
    {
        Assert.True(SpiffeIdPattern.TryParse(pattern, out var parsed));
        Assert.Equal(isAccepted, parsed.Accepts(SpiffeId.Parse(id)));
        Assert.Equal(pattern, parsed.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("/*")]
    [InlineData("spiffe://td")]
    [InlineData("spiffe://*/a")]
    [InlineData("spiffe://td/a*")]
    [InlineData("spiffe://td/*/a")]
    [InlineData("spiffe://td//*")]
    public void Anything_else_is_no_pattern(string pattern) => Assert.False(SpiffeIdPattern.TryParse(pattern, out _));
}
