using System.Text;
using Proxy.Http;

namespace Proxy.Tests.Http;

public sealed class TargetFormTests
{
    [Theory]
    [InlineData("/.", GateFault.AmbiguousPath)]
    [InlineData("/..", GateFault.AmbiguousPath)]
    [InlineData("/a/../b", GateFault.AmbiguousPath)]
    [InlineData("/a/./b", GateFault.AmbiguousPath)]
    [InlineData("/a/..?x", GateFault.AmbiguousPath)]
    [InlineData("/a/..;/b", GateFault.AmbiguousPath)]
    [InlineData("/a/.;x=1/b", GateFault.AmbiguousPath)]
    [InlineData("/a/%2e%2e/b", GateFault.AmbiguousPath)]
    [InlineData("/a/.%2E/b", GateFault.AmbiguousPath)]
    [InlineData("/%61", GateFault.AmbiguousPath)]
    [InlineData("/%7e", GateFault.AmbiguousPath)]
    [InlineData("/a%2fb", GateFault.AmbiguousPath)]
    [InlineData("/a%5Cb", GateFault.AmbiguousPath)]
    [InlineData("/a%00", GateFault.AmbiguousPath)]
    [InlineData("/a\\b", GateFault.BadTarget)]
    [InlineData("/a%", GateFault.BadTarget)]
    [InlineData("/a%2", GateFault.BadTarget)]
    [InlineData("/a%zz", GateFault.BadTarget)]
    [InlineData("/a#b", GateFault.BadTarget)]
    [InlineData("/a?b#c", GateFault.BadTarget)]
    [InlineData("/a\u00e9", GateFault.BadTarget)]
    [InlineData("/a?\u00e9", GateFault.BadTarget)]
    [InlineData("/a\u0001", GateFault.BadTarget)]
    [InlineData("/a?\u007f", GateFault.BadTarget)]
    [InlineData("/a?\0", GateFault.BadTarget)]
    [InlineData("/<a>", GateFault.BadTarget)]
    [InlineData("", GateFault.BadTarget)]
    [InlineData("a", GateFault.BadTarget)]
    [InlineData("http://", GateFault.BadTarget)]
    [InlineData("http:///a", GateFault.BadTarget)]
    [InlineData("http://a?b", GateFault.BadTarget)]
    [InlineData("http://u@a/", GateFault.BadTarget)]
    [InlineData("http://a\\b/", GateFault.BadTarget)]
    [InlineData("http://a/../b", GateFault.AmbiguousPath)]
    [InlineData("https://a/", GateFault.BadTarget)]
    [InlineData("ftp://a/", GateFault.BadTarget)]
    public void A_target_that_two_readers_could_read_differently_is_refused(string target, object fault) =>
        Assert.Equal(fault, Read("GET", target).Fault);

    [Theory]
    [InlineData("/", "/")]
    [InlineData("//a///b/", "//a///b/")]
    [InlineData("/.well-known/x", "/.well-known/x")]
    [InlineData("/..a/.b./...", "/..a/.b./...")]
    [InlineData("/a;b=c/%20%c3%A9%25", "/a;b=c/%20%c3%A9%25")]
    [InlineData("/a?../%2f%00\\\"<>{}|^`%", "/a?../%2f%00\\\"<>{}|^`%")]
    [InlineData("/a@b:c!$&'()*+,=", "/a@b:c!$&'()*+,=")]
    [InlineData("http://a", "/")]
    [InlineData("hTTp://a:1/b?c", "/b?c")]
    public void Policy_sees_path_and_query_as_sent(string target, string seen) =>
        Assert.Equal((GateFault.None, seen), Read("GET", target));

    [Fact]
    public void An_absolute_target_of_OPTIONS_needs_a_path() =>
        Assert.Equal(GateFault.BadTarget, Read("OPTIONS", "http://a").Fault);

    private static (GateFault Fault, string Target) Read(string method, string target)
    {
        var fault = TargetForm.Read(Encoding.Latin1.GetBytes(method), Encoding.Latin1.GetBytes(target), GateLimits.Default, out var form);
        return (fault, Encoding.Latin1.GetString(form.PathAndQuery));
    }
}
