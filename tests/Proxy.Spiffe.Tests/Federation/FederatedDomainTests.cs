using Proxy.Spiffe.Federation;

namespace Proxy.Spiffe.Tests.Federation;

public class FederatedDomainTests
{
    [Theory]
    [InlineData("b.test=https://b.test/bundle", "https://b.test/bundle", null)]
    [InlineData("b.test=HTTPS://B.test", "https://b.test/", null)]
    [InlineData("b.test=https://10.0.0.1:8443/x/y.json?a=b%2Cc", "https://10.0.0.1:8443/x/y.json?a=b%2Cc", null)]
    [InlineData("b.test=https://[fd00::1]:8443/", "https://[fd00::1]:8443/", null)]
    [InlineData("b.test=https://b.test/,spiffe://b.test/server", "https://b.test/", "spiffe://b.test/server")]
    [InlineData("b.test=https://b.test/a=b,spiffe://c.test/x/y", "https://b.test/a=b", "spiffe://c.test/x/y")]
    public void A_domain_has_its_endpoint(string text, string url, string? id)
    {
        Assert.True(FederatedDomain.TryParse(text, out var domain, out var error), error);

        Assert.Equal("b.test", domain.TrustDomain.Name);
        Assert.Equal(url, domain.Url.AbsoluteUri);
        Assert.Equal(id, domain.EndpointId?.ToString());
        Assert.Equal(id is null ? "https_web" : "https_spiffe", domain.Profile);
        Assert.Equal(id == "spiffe://b.test/server", domain.IsSelfServing);
    }

    [Fact]
    public void The_query_is_not_shown()
    {
        Assert.True(FederatedDomain.TryParse("b.test=https://b.test/bundle?token=secret", out var domain, out _));

        Assert.Equal("https://b.test/bundle", domain.Place);
    }

    [Theory]
    [InlineData("", "does not begin with a trust domain")]
    [InlineData("https://b.test/", "does not begin with a trust domain")]
    [InlineData("B.test=https://b.test/", "does not begin with a trust domain")]
    [InlineData("spiffe://b.test=https://b.test/", "does not begin with a trust domain")]
    [InlineData("b.test=", "is not an https:// URL")]
    [InlineData("b.test=b.test/bundle", "is not an https:// URL")]
    [InlineData("b.test=http://b.test/", "is not an https:// URL")]
    [InlineData("b.test=spiffe://b.test/x", "is not an https:// URL")]
    [InlineData("b.test=https://", "is not a URL")]
    [InlineData("b.test=https:///bundle", "is not a URL")]
    [InlineData("b.test=https://b.test:0/", "is not a URL")]
    [InlineData("b.test=https://b.test:65536/", "is not a URL")]
    [InlineData("b.test=https://user@b.test/", "user information")]
    [InlineData("b.test=https://user:word@b.test/", "user information")]
    [InlineData("b.test=https://@b.test/", "user information")]
    [InlineData("b.test=https://b.test/#keys", "has a fragment")]
    [InlineData("b.test=https://b.test/#", "has a fragment")]
    [InlineData("b.test= https://b.test/", "is not an https:// URL")]
    [InlineData("b.test=https://b.test/ ", "percent-encoded")]
    [InlineData("b.test=https://b.test\\x", "percent-encoded")]
    [InlineData("b.test=https://b\u00fccher.test/", "percent-encoded")]
    [InlineData("b.test=https://b.test/,spifee://b.test/server", "percent-encoded")]
    [InlineData("b.test=https://b.test/,b.test", "percent-encoded")]
    [InlineData("b.test=https://b.test/,spiffe://b.test/x,spiffe://b.test/y", "percent-encoded")]
    [InlineData("b.test=https://b.test/,spiffe://b.test", "no server can prove to be one")]
    [InlineData("b.test=https://b.test/,spiffe://B.test/x", "is not a SPIFFE ID (BadTrustDomainCharacter)")]
    [InlineData("b.test=https://b.test/,spiffe://b.test/*", "is not a SPIFFE ID")]
    public void What_is_wrong_is_told(string text, string error)
    {
        Assert.False(FederatedDomain.TryParse(text, out _, out var told));
        Assert.Contains(error, told, StringComparison.Ordinal);
        Assert.DoesNotContain("word", told, StringComparison.Ordinal);
    }
}
