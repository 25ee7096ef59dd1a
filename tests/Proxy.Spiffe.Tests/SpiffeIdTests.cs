using System.Text;
using System.Text.RegularExpressions;

namespace Proxy.Spiffe.Tests;

public sealed class SpiffeIdTests
{
    [Theory]
    [InlineData("spiffe://td", "td", "")]
    [InlineData("spiffe://td/a", "td", "/a")]
    [InlineData("spiffe://td/a/B.c_d-e", "td", "/a/B.c_d-e")]
    [InlineData("spiffe://1.2.3.4/x", "1.2.3.4", "/x")]
    [InlineData("spiffe://a.-_9/...", "a.-_9", "/...")]
    [InlineData("spiffe://td/.a", "td", "/.a")]
    [InlineData("spiffe://td/a..b", "td", "/a..b")]
    public void A_valid_ID_keeps_every_byte(string text, string domain, string path)
    {
        Assert.True(SpiffeId.TryParse(text, out var id, out var error));
        Assert.Equal(SpiffeIdError.None, error);
        Assert.Equal((domain, path, text), (id.TrustDomain.Name, id.Path, id.ToString()));
        Assert.True(SpiffeId.TryParse(Encoding.ASCII.GetBytes(text), out var same, out _));
        Assert.Equal(id, same);
        Assert.Equal(id.GetHashCode(), same.GetHashCode());
    }

    [Theory]
    [InlineData("", SpiffeIdError.Empty)]
    [InlineData("spiffe:/", SpiffeIdError.WrongScheme)]
    [InlineData("Spiffe://td/x", SpiffeIdError.WrongScheme)]
    [InlineData("http://td/x", SpiffeIdError.WrongScheme)]
    [InlineData("spiffe://", SpiffeIdError.MissingTrustDomain)]
    [InlineData("spiffe:///x", SpiffeIdError.MissingTrustDomain)]
    [InlineData("spiffe://TD/x", SpiffeIdError.BadTrustDomainCharacter)]
    [InlineData("spiffe://td:80/x", SpiffeIdError.BadTrustDomainCharacter)]
    [InlineData("spiffe://u@td/x", SpiffeIdError.BadTrustDomainCharacter)]
    [InlineData("spiffe://td%20/x", SpiffeIdError.BadTrustDomainCharacter)]
    [InlineData("spiffe://td?q", SpiffeIdError.BadTrustDomainCharacter)]
    [InlineData("spiffe://[::1]/x", SpiffeIdError.BadTrustDomainCharacter)]
    [InlineData("spiffe://t\u00e9/x", SpiffeIdError.BadTrustDomainCharacter)]
    [InlineData("spiffe://t\u0131/x", SpiffeIdError.BadTrustDomainCharacter)]
    [InlineData("spiffe://td/\uff41", SpiffeIdError.BadPathCharacter)]
    [InlineData("spiffe://td/", SpiffeIdError.TrailingSlash)]
    [InlineData("spiffe://td//x", SpiffeIdError.EmptySegment)]
    [InlineData("spiffe://td/x/", SpiffeIdError.TrailingSlash)]
    [InlineData("spiffe://td/./x", SpiffeIdError.DotSegment)]
    [InlineData("spiffe://td/..", SpiffeIdError.DotSegment)]
    [InlineData("spiffe://td/%41", SpiffeIdError.BadPathCharacter)]
    [InlineData("spiffe://td/x?q", SpiffeIdError.BadPathCharacter)]
    [InlineData("spiffe://td/x#f", SpiffeIdError.BadPathCharacter)]
    [InlineData("spiffe://td/x\u20ac", SpiffeIdError.BadPathCharacter)]
    [InlineData("spiffe://td/x\0", SpiffeIdError.BadPathCharacter)]
    [InlineData(" spiffe://td/x", SpiffeIdError.WrongScheme)]
    public void Any_other_text_is_refused_with_its_reason(string text, SpiffeIdError expected)
    {
        Assert.False(SpiffeId.TryParse(text, out var id, out var error));
        Assert.Null(id);
        Assert.Equal(expected, error);
    }

    [Fact]
    public void A_byte_beyond_ASCII_is_refused_wherever_it_stands()
    {
        for (var value = 0x80; value <= 0xFF; value++)
        {
            Assert.False(SpiffeId.TryParse([.. "spiffe://t"u8, (byte)value], out _, out _));
            Assert.False(SpiffeId.TryParse([.. "spiffe://t/a"u8, (byte)value], out _, out _));
        }
    }

    [Fact]
    public void The_limits_are_2048_bytes_and_255_for_the_trust_domain()
    {
        const string Start = "spiffe://td/";
        Assert.True(SpiffeId.TryParse(Start + new string('a', 2048 - Start.Length), out _, out _));
        Assert.False(SpiffeId.TryParse(Start + new string('a', 2049 - Start.Length), out _, out var whole));
        Assert.True(SpiffeId.TryParse("spiffe://" + new string('a', 255) + "/x", out _, out _));
        Assert.False(SpiffeId.TryParse("spiffe://" + new string('a', 256) + "/x", out _, out var domain));
        Assert.Equal((SpiffeIdError.TooLong, SpiffeIdError.TooLong), (whole, domain));
    }

    [Fact]
    public void The_parser_agrees_with_the_grammar_on_random_texts()
    {
        var grammar = new Regex(@"\Aspiffe://[a-z0-9._-]+(/(?!\.{1,2}(/|\z))[a-zA-Z0-9._-]+)*\z", RegexOptions.CultureInvariant);
        string[] pieces = ["spiffe", "://", "/", ".", "..", "td", "a", "Z", "9", "-", "_", "%", "?", "\u0131", "spiffe://", "spiffe://td/"];
        var random = new Random(1);
        for (var i = 0; i < 50_000; i++)
        {
            var text = string.Concat(random.GetItems(pieces, random.Next(1, 8)));
            Assert.True(grammar.IsMatch(text) == SpiffeId.TryParse(text, out _, out _), text);
        }
    }

    [Fact]
    public void IDs_that_differ_in_case_are_different() =>
        Assert.NotEqual(SpiffeId.Parse("spiffe://td/a"), SpiffeId.Parse("spiffe://td/A"));

    [Theory]
    [InlineData("td", "td")]
    [InlineData("spiffe://td", "td")]
    [InlineData("spiffe://td/a/b", "td")]
    public void A_trust_domain_is_a_name_or_any_ID_of_it(string text, string name)
    {
        Assert.True(TrustDomain.TryParse(text, out var domain));
        Assert.Equal(new TrustDomain(name), domain);
        Assert.Equal($"spiffe://{name}", domain.Id.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("TD")]
    [InlineData("td/a")]
    [InlineData("http://td")]
    [InlineData("spiffe:/td")]
    public void Nothing_else_is_a_trust_domain(string? text) => Assert.False(TrustDomain.TryParse(text, out _));
}
