namespace Proxy.Spiffe.Tests;

public sealed class SpiffeIdTemplateTests
{
    private static readonly TrustDomain s_domain = new("example.org");

    [Theory]
    [InlineData("spiffe://{trustDomain}/ns/{namespace}/sa/{serviceAccount}", "spiffe://example.org/ns/ships/sa/xwing", false)]
    [InlineData("spiffe://{trustDomain}/identity/{identity}", "spiffe://example.org/identity/12345", true)]
    [InlineData("spiffe://{trustDomain}/k8s/eu-1/{namespace}/{serviceAccount}/{identity}", "spiffe://example.org/k8s/eu-1/ships/xwing/12345", true)]
    public void A_template_gives_the_ID_of_a_pod(string text, string id, bool namesIdentity)
    {
        Assert.True(SpiffeIdTemplate.TryParse(text, out var template, out var fault), fault);
        Assert.Equal(id, template.IdOf(s_domain, "ships", "xwing", 12345).ToString());
        Assert.Equal((text, namesIdentity), (template.ToString(), template.NamesIdentity));
    }

    [Fact]
    public void The_default_is_by_namespace_and_service_account() =>
        Assert.Equal("spiffe://{trustDomain}/ns/{namespace}/sa/{serviceAccount}", SpiffeIdTemplate.Default.ToString());

    [Theory]
    [InlineData("", "must begin with")]
    [InlineData("spiffe://example.org/identity/{identity}", "must begin with")]
    [InlineData("spiffe://{trustDomain}", "must begin with")]
    [InlineData("spiffe://{trustDomain}/{namespace}/{serviceAccount}", "begin with a word")]
    [InlineData("spiffe://{trustDomain}/ns/{namespace}", "same ID")]
    [InlineData("spiffe://{trustDomain}/sa/{serviceAccount}", "same ID")]
    [InlineData("spiffe://{trustDomain}/workload", "same ID")]
    [InlineData("spiffe://{trustDomain}/identity/{identity}/{identity}", "twice")]
    [InlineData("spiffe://{trustDomain}/a/{namespace}-{serviceAccount}", "same ID")]
    [InlineData("spiffe://{trustDomain}/a/{identity}/{Namespace}", "whole segment")]
    [InlineData("spiffe://{trustDomain}/a/{identity}/x{namespace}", "whole segment")]
    [InlineData("spiffe://{trustDomain}/identity/{identity}/", "TrailingSlash")]
    [InlineData("spiffe://{trustDomain}/identity//{identity}", "EmptySegment")]
    [InlineData("spiffe://{trustDomain}/../{identity}", "DotSegment")]
    [InlineData("spiffe://{trustDomain}/identity/{identity}?x", "same ID")]
    public void What_could_give_two_pods_one_ID_or_none_is_refused(string text, string reason)
    {
        Assert.False(SpiffeIdTemplate.TryParse(text, out var template, out var fault));
        Assert.Null(template);
        Assert.Contains(reason, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_names_still_make_an_ID()
    {
        Assert.True(SpiffeIdTemplate.TryParse($"spiffe://{{trustDomain}}/{new string('a', 400)}/{{namespace}}/{{serviceAccount}}/{{identity}}", out var template, out var fault), fault);
        var name = new string('n', 253);
        Assert.NotNull(template.IdOf(new TrustDomain(new string('d', 255)), name, name, uint.MaxValue));
        Assert.False(SpiffeIdTemplate.TryParse($"spiffe://{{trustDomain}}/{new string('a', 600)}/{{identity}}", out _, out fault));
        Assert.Contains("longer than", fault, StringComparison.Ordinal);
    }
}
