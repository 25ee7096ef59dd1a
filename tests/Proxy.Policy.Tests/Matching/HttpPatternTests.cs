using System.Diagnostics;
using System.Text;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Tests.Matching;

public sealed class HttpPatternTests
{
    [Theory]
    [InlineData("/public", "/public", true)]
    [InlineData("/public", "/public/", false)]
    [InlineData("/public", "/public?x=1", false)]
    [InlineData("/public", "/Public", false)]
    [InlineData("/public", "x/public", false)]
    [InlineData("^/public$", "/public", true)]
    [InlineData("GET|HEAD", "HEAD", true)]
    [InlineData("GET|HEAD", "GETHEAD", false)]
    [InlineData("GET|HEAD", "GE", false)]
    [InlineData("^GET$|^HEAD$", "HEAD", true)]
    [InlineData("GET|", "", true)]
    [InlineData("a\\|^b", "a|b", false)]
    [InlineData("a\\|b", "a|b", true)]
    [InlineData("/a\\.b", "/a.b", true)]
    [InlineData("/a\\.b", "/axb", false)]
    [InlineData("/a.b", "/axb", true)]
    [InlineData("/public/.*", "/public/", true)]
    [InlineData("/public/.*", "/public/a?b=c", true)]
    [InlineData("/public/.*", "/public", false)]
    [InlineData("/public(/.*)?(\\?.*)?", "/public?x", true)]
    [InlineData("/public(/.*)?(\\?.*)?", "/publicity", false)]
    [InlineData("a|/b.*", "/bc", true)]
    [InlineData("a|/b.*", "xa", false)]
    [InlineData("a|/b.*", "ax", false)]
    [InlineData("/[0-9]{1,3}", "/123", true)]
    [InlineData("/[0-9]{1,3}", "/1234", false)]
    [InlineData("/([a]){10}([b]{3}){3}", "/aaaaaaaaaabbbbbbbbb", true)]
    [InlineData("((a?){8}){8}", "a", true)]
    [InlineData("((ab){5}){10}", "ab", false)]
    [InlineData("/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "/01234567-89ab-cdef-0123-456789abcdef", true)]
    [InlineData("[ab]{600}.{400}", "a", false)]
    [InlineData("(ab){500}", "a", false)]
    [InlineData("(a?){99}", "aaa", true)]
    [InlineData("/a{,5}", "/a{,5}", true)]
    [InlineData("/[^]x]", "/]", false)]
    [InlineData("(?i)/a", "/A", true)]
    [InlineData("(?i:/a)/b", "/A/B", false)]
    [InlineData("/a$", "/a\n", false)]
    [InlineData("/a.*", "/a\n", false)]
    [InlineData("/a.*", "/a\u0000", false)]
    [InlineData("/a.*", "/a\u00e9", false)]
    [InlineData("/\\w+", "/\u00e9", false)]
    [InlineData("(?s).*", "\u0085", false)]
    public void Patterns_match_the_whole_text(string pattern, string text, bool isMatch)
    {
        Assert.True(HttpPattern.TryCreate(pattern, out var compiled, out var fault), fault.Reason);
        Assert.Equal(isMatch, compiled.Matches(Encoding.Latin1.GetBytes(text)));
    }

    [Theory]
    [InlineData("(")]
    [InlineData("a)|(b")]
    [InlineData("a)|.*(?:b")]
    [InlineData("[a")]
    [InlineData("a\\")]
    [InlineData("*a")]
    [InlineData("(?=a)b")]
    [InlineData("(?!a)b")]
    [InlineData("(?<=a)b")]
    [InlineData("(?<!a)b")]
    [InlineData("(a)\\1")]
    [InlineData("\\8")]
    [InlineData("(?>a)")]
    [InlineData("(?|a)")]
    [InlineData("(?(a)b|c)")]
    [InlineData("(?#comment)a")]
    [InlineData("(?x)a b")]
    [InlineData("(?n)(a)")]
    [InlineData("(?-)a")]
    [InlineData("(?i--s)a")]
    [InlineData("(?i")]
    [InlineData("(?")]
    [InlineData("(?P<x>a)(?P=x)")]
    [InlineData("(?P<x>a)(?P<x>b)")]
    [InlineData("(?P<x>a)(?<x>b)")]
    [InlineData("(?P<>a)")]
    [InlineData("(?P<x y>a)")]
    [InlineData("(?P<x")]
    [InlineData("(?'x'a)")]
    [InlineData("a**")]
    [InlineData("a*+")]
    [InlineData("a++")]
    [InlineData("a?+")]
    [InlineData("a??+")]
    [InlineData("a{2}{3}")]
    [InlineData("a{2}+")]
    [InlineData("a|*")]
    [InlineData("(*)")]
    [InlineData("{2}")]
    [InlineData("(?i)*")]
    [InlineData("a(?i)*")]
    [InlineData("a\\Q\\E*")]
    [InlineData("a{3,2}")]
    [InlineData("a{1000000000}")]
    [InlineData("a{2,99999999999}")]
    [InlineData("[[:foo:]]")]
    [InlineData("[[:Alpha:]]")]
    [InlineData("[b-a]")]
    [InlineData("[a-\\d]")]
    [InlineData("[\\b]")]
    [InlineData("[\\z]")]
    [InlineData("[]")]
    [InlineData("[^]")]
    [InlineData("[a-")]
    [InlineData("[\\")]
    [InlineData("[\\Qa\\E]")]
    [InlineData("a\\Z")]
    [InlineData("\\Gab")]
    [InlineData("\\cA")]
    [InlineData("\\C")]
    [InlineData("\\R")]
    [InlineData("\\X")]
    [InlineData("\\K")]
    [InlineData("\\h")]
    [InlineData("\\e")]
    [InlineData("a\\E")]
    [InlineData("\\u0041.")]
    [InlineData("\\U0041")]
    [InlineData("\\N{DIGIT ONE}")]
    [InlineData("\\x4")]
    [InlineData("\\x")]
    [InlineData("\\xg0")]
    [InlineData("\\x{}")]
    [InlineData("\\x{110000}")]
    [InlineData("\\x{41")]
    [InlineData("\\x{4g}")]
    [InlineData("\\p")]
    [InlineData("\\p{")]
    [InlineData("\\p{}")]
    [InlineData("\\p{IsGreek}")]
    [InlineData("\\pX")]
    [InlineData("a{1001}")]
    [InlineData("(a{1000}){1000}")]
    [InlineData("((a?){30}){30}")]
    [InlineData("((((a?){3}){3}){3}){4}")]
    [InlineData("((ab){5}){11}")]
    [InlineData("(ab){501}")]
    [InlineData("(a?){100}")]
    [InlineData("[ab]{600}.{401}")]
    [InlineData("/\u00e9")]
    [InlineData("/a\n")]
    public void What_RE2_would_refuse_or_read_otherwise_is_refused(string pattern)
    {
        Assert.False(HttpPattern.TryCreate(pattern, out _, out var fault));
        Assert.NotEmpty(fault.Reason);
    }

    [Theory]
    [InlineData(HttpPattern.MaxLength - 1, true)]
    [InlineData(HttpPattern.MaxLength, true)]
    [InlineData(HttpPattern.MaxLength + 1, false)]
    public void Length_is_bounded(int length, bool isAccepted) =>
        Assert.Equal(isAccepted, HttpPattern.TryCreate(new string('a', length), out _, out _));

    [Theory]
    [InlineData("(a*)*b")]
    [InlineData("(a|a)*b")]
    [InlineData("(.*a){20}")]
    [InlineData("(((a{0,20}){0,20}){0,20})b")]
    [InlineData("(.*a){99}")]
    [InlineData("((a?){10}){10}")]
    [InlineData("((a?){5}){4}((a?){5}){4}((a?){5}){4}((a?){5}){4}((a?){5}){4}")]
    [InlineData("((.?a?){5}){10}b")]
    [InlineData("nested")]
    [InlineData("stars")]
    [InlineData("alternatives")]
    public void Hostile_patterns_cost_little(string pattern)
    {
        pattern = pattern switch
        {
            "nested" => new string('(', 2000) + "a." + new string(')', 2000),
            "stars" => string.Concat(Enumerable.Repeat(".*a", 100)),
            "alternatives" => string.Concat(Enumerable.Range(0, 100).Select(i => $"a.*{i % 10}|")),
            _ => pattern,
        };
        var clock = Stopwatch.StartNew();
        if (HttpPattern.TryCreate(pattern, out var compiled, out _))
            Assert.False(compiled.Matches(Encoding.ASCII.GetBytes(new string('a', 8000) + "!")));

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData(HttpPattern.MaxTextLength, true)]
    [InlineData(HttpPattern.MaxTextLength + 1, false)]
    public void Texts_beyond_the_limit_match_no_expression(int length, bool isMatch)
    {
        Assert.True(HttpPattern.TryCreate("a+", out var pattern, out _));
        Assert.Equal(isMatch, pattern.Matches(Encoding.ASCII.GetBytes(new string('a', length))));
    }

    [Theory]
    [InlineData("/a/b.c?d=../%2f", true)]
    [InlineData("/...", true)]
    [InlineData("/.well-known/x", true)]
    [InlineData("/a/..", false)]
    [InlineData("/a/../b", false)]
    [InlineData("/./b", false)]
    [InlineData("/a/%2e%2E/b", false)]
    [InlineData("/a/.%2e", false)]
    [InlineData("/a/..;x=y/b", false)]
    [InlineData("/a%2Fb", false)]
    [InlineData("/a%5cb", false)]
    [InlineData("/a\\b", false)]
    [InlineData("/a%00", false)]
    [InlineData("/a b", false)]
    [InlineData("/a#b", false)]
    [InlineData("/a\u00e9", false)]
    [InlineData("/a%", false)]
    [InlineData("/a%2", false)]
    [InlineData("/a%zz", false)]
    [InlineData("/a%+1", false)]
    [InlineData("/%61", false)]
    [InlineData("/%7E", false)]
    [InlineData("/a%20%c3%25?%61%", true)]
    public void Targets_with_a_second_reading_are_told(string target, bool isClear) =>
        Assert.Equal(isClear, RequestTarget.IsClear(Encoding.Latin1.GetBytes(target)));
}
