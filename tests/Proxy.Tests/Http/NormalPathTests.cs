using System.Text;
using Proxy.Http;

namespace Proxy.Tests.Http;

public sealed class NormalPathTests
{
    private static readonly GateLimits Cilium = new() { NormalisesPaths = true };

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a", "/a")]
    [InlineData("/.", "/")]
    [InlineData("/./", "/")]
    [InlineData("/..", "/")]
    [InlineData("/../", "/")]
    [InlineData("/../a", "/a")]
    [InlineData("/a/.", "/a/")]
    [InlineData("/a/..", "/")]
    [InlineData("/a/../", "/")]
    [InlineData("/a/../b", "/b")]
    [InlineData("/a/./b", "/a/b")]
    [InlineData("/a/b/../../c", "/c")]
    [InlineData("/a/b/../../../c", "/c")]
    [InlineData("/a/b/..", "/a/")]
    [InlineData("/a/...", "/a/...")]
    [InlineData("/a/..b", "/a/..b")]
    [InlineData("/a/.b", "/a/.b")]
    [InlineData("/a/%2e%2E/b", "/b")]
    [InlineData("/a/.%2e/b", "/b")]
    [InlineData("/a/%2e/b", "/a/b")]
    [InlineData("/%2e%2e%2e", "/...")]
    [InlineData("/%61%7e%5F%2d", "/a~_-")]
    [InlineData("/a%20b%c3%A9%25", "/a%20b%c3%A9%25")]
    [InlineData("/%2561", "/%2561")]
    [InlineData("/%252e%252e/", "/%252e%252e/")]
    [InlineData("/a%2fb%5Cc", "/a%2fb%5Cc")]
    [InlineData("/a%2F", "/a%2F")]
    [InlineData("//", "//")]
    [InlineData("/a//b", "/a//b")]
    [InlineData("//../a", "/a")]
    [InlineData("/a//../b", "/a/b")]
    [InlineData("/a/..//b", "//b")]
    [InlineData("/a;b/../c", "/c")]
    [InlineData("/a/../b?x=/../%61", "/b?x=/../%61")]
    [InlineData("/..?", "/?")]
    [InlineData("/a/%2e%2e", "/")]
    [InlineData("http://a/b/../c", "/c")]
    [InlineData("http://a/..", "/")]
    public void A_path_is_read_as_Envoy_reads_it(string target, string normal)
    {
        Assert.Equal((GateFault.None, normal), Read(target));
        Assert.Equal((GateFault.None, normal), Read(normal));
        Assert.True(normal.Length <= target.Length);
    }

    [Theory]
    [InlineData("/a%00", GateFault.AmbiguousPath)]
    [InlineData("/%2e%2e%00", GateFault.AmbiguousPath)]
    [InlineData("/a/..%2fb", GateFault.AmbiguousPath)]
    [InlineData("/a/..%5Cb", GateFault.AmbiguousPath)]
    [InlineData("/a/b%2f..", GateFault.AmbiguousPath)]
    [InlineData("/a/b%2f%2e%2e%2fc", GateFault.AmbiguousPath)]
    [InlineData("/a/.%2F", GateFault.AmbiguousPath)]
    [InlineData("/a/..;x=1/b", GateFault.AmbiguousPath)]
    [InlineData("/a/%2e%2e;/b", GateFault.AmbiguousPath)]
    [InlineData("/a/b;..", GateFault.AmbiguousPath)]
    [InlineData("/a/.;", GateFault.AmbiguousPath)]
    [InlineData("/a\\b", GateFault.BadTarget)]
    [InlineData("/a%", GateFault.BadTarget)]
    [InlineData("/a%2", GateFault.BadTarget)]
    [InlineData("/%2%65", GateFault.BadTarget)]
    [InlineData("/..%zz", GateFault.BadTarget)]
    [InlineData("/a#b", GateFault.BadTarget)]
    [InlineData("/a\u00e9", GateFault.BadTarget)]
    public void What_servers_read_differently_all_the_same_is_refused(string target, object fault) =>
        Assert.Equal(fault, Read(target).Fault);

    [Theory]
    [InlineData("//", false, true)]
    [InlineData("//", true, true)]
    [InlineData("/a//b", false, true)]
    [InlineData("/a/b/", false, false)]
    [InlineData("/a?//", false, false)]
    [InlineData("http://a//b", true, true)]
    [InlineData("http://a/b", true, false)]
    public void Slashes_in_a_row_are_refused_where_that_is_wanted(string target, bool normalises, bool isRefused)
    {
        var limits = new GateLimits { NormalisesPaths = normalises, RefusesRepeatedSlashes = true };

        Assert.Equal(isRefused ? GateFault.AmbiguousPath : GateFault.None, Read(target, limits).Fault);
        Assert.Equal(GateFault.None, Read(target, limits with { RefusesRepeatedSlashes = false }).Fault);
    }

    private static (GateFault Fault, string Target) Read(string target, GateLimits? limits = null)
    {
        var fault = TargetForm.Read("GET"u8, Encoding.Latin1.GetBytes(target), limits ?? Cilium, out var form);
        if (fault != GateFault.None || !form.IsAbnormal)
            return (fault, Encoding.Latin1.GetString(form.PathAndQuery));

        var normal = new byte[form.PathAndQuery.Length];
        return (fault, Encoding.Latin1.GetString(normal.AsSpan(0, NormalPath.Write(form.PathAndQuery, normal))));
    }
}
