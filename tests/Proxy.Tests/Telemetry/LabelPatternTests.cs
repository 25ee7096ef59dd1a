using Proxy.Telemetry.Filters;

namespace Proxy.Tests.Telemetry;

public sealed class LabelPatternTests
{
    private static readonly string[] Labels =
        ["k8s:app=web", "k8s:io.kubernetes.pod.namespace=default", "reserved:host", "k8s:tier=front"];

    [Theory]
    [InlineData("app=web", true)]
    [InlineData("app==web", true)]
    [InlineData("k8s:app=web", true)]
    [InlineData("any:app=web", true)]
    [InlineData("reserved:app=web", false)]
    [InlineData("app=db", false)]
    [InlineData("app = web", true)]
    [InlineData("app!=db", true)]
    [InlineData("app!=web", false)]
    [InlineData("absent!=x", true)]
    [InlineData("app", true)]
    [InlineData("!app", false)]
    [InlineData("!absent", true)]
    [InlineData("reserved:host", true)]
    [InlineData("app in (db, web)", true)]
    [InlineData("app notin (db,web)", false)]
    [InlineData("absent notin (db)", true)]
    [InlineData("app=web,tier=front", true)]
    [InlineData("app in (web,db),tier=back", false)]
    [InlineData("io.kubernetes.pod.namespace=default", true)]
    public void A_selector_matches_as_in_Kubernetes(string selector, bool matches) =>
        Assert.Equal(matches, LabelPattern.Parse(selector).Matches(Labels));

    [Theory]
    [InlineData("")]
    [InlineData("app=web,")]
    [InlineData("app in web")]
    [InlineData("app in (web")]
    [InlineData("app ~ web")]
    [InlineData("=web")]
    public void A_malformed_selector_is_refused(string selector) =>
        Assert.Throws<FilterFault>(() => LabelPattern.Parse(selector));
}
