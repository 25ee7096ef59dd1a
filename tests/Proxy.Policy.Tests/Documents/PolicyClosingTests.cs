using Proxy.Policy.Labels;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Documents;

/// <summary>What a refused document closes, and what it leaves alone.</summary>
public sealed class PolicyClosingTests
{
    [Theory]
    [InlineData("a readable selector and ingress", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{x: y}]}", "ds:in")]
    [InlineData("egress only", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, egress: [{}]}", "ds:out")]
    [InlineData("both", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}], egressDeny: [{}]}", "ds:in ds:out")]
    [InlineData("unclear direction", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, Ingress: [{}]}", "ds:in ds:out")]
    [InlineData("unclear beside a clear one", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}], egres: [{}]}", "ds:in ds:out")]
    [InlineData("no direction", "spec: {endpointSelector: {matchLabels: {class: deathstar}}}", "ds:in ds:out")]
    [InlineData("an unreadable selector", "spec: {endpointSelector: {matchLabels: {class: 1}}, ingress: [{}]}", "ds:in xw:in")]
    [InlineData("a label beside matchLabels", "spec: {endpointSelector: {matchLabels: {org: empire}, class: deathstar}, ingress: [{}]}", "ds:in xw:in")]
    [InlineData("a misspelled selector", "spec: {endpointselector: {}, ingress: [{}]}", "ds:in ds:out xw:in xw:out")]
    [InlineData("no rule", "spce: {endpointSelector: {}, ingress: [{}]}", "ds:in ds:out xw:in xw:out")]
    [InlineData("a second rule nobody can read", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}]}\nspeks: [{}]", "ds:in ds:out xw:in xw:out")]
    [InlineData("a good and a bad rule", "specs: [{endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}]}, {endpointSelector: {matchLabels: {class: xwing}}, egress: []}]", "ds:in xw:out")]
    public void In_its_namespace(string row, string body, string closed)
    {
        var snapshot = Snapshot($"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p, namespace: default}}\n{body}");

        Assert.True(closed == Closed(snapshot), $"{row}: {Closed(snapshot)}");
    }

    [Theory]
    [InlineData("{name: p, namespace: [default]}", "ds:in elsewhere:in")]
    [InlineData("{name: p, namespace: Default}", "ds:in elsewhere:in")]
    [InlineData("{name: p, namespce: other}", "ds:in elsewhere:in")]
    [InlineData("{name: p, namespace: default, x: y}", "ds:in")]
    [InlineData("{name: p, namespace: other, x: y}", "elsewhere:in")]
    [InlineData("{name: 5}", "ds:in")]
    public void A_document_of_an_unreadable_namespace_closes_what_it_selects_in_all(string metadata, string closed)
    {
        var snapshot = Snapshot($"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {metadata}\nspec: {{endpointSelector: {{matchLabels: {{org: empire}}}}, ingress: [{{}}]}}");

        Assert.Equal(closed, Closed(snapshot));
    }

    [Theory]
    [InlineData("spec: {endpointSelector: {matchLabels: {org: empire}}, ingress: [{}]}", "ds:in elsewhere:in")]
    [InlineData("spec: {endpointSelector: 5, ingress: [{}]}", "ds:in elsewhere:in xw:in")]
    [InlineData("spec: {nodeSelector: {}, ingress: [{}]}", "")]
    public void A_clusterwide_policy_closes_in_every_namespace(string spec, string closed) =>
        Assert.Equal(closed, Closed(Snapshot($"apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {{name: p}}\n{spec}")));

    [Theory]
    [InlineData("spec: {podSelector: {matchLabels: {class: deathstar}}}", "ds:in")]
    [InlineData("spec: {podSelector: {matchLabels: {class: deathstar}}, policyTypes: [Egress]}", "ds:out")]
    [InlineData("spec: {podSelector: {}, policyTypes: [Ingress, Egress]}", "ds:in ds:out xw:in xw:out")]
    [InlineData("spec: {}", "ds:in xw:in")]
    public void A_Kubernetes_policy_closes_what_it_selects(string spec, string closed) =>
        Assert.Equal(closed, Closed(Snapshot($"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p}}\n{spec}")));

    [Fact]
    public void Other_documents_of_the_file_stay_in_force_and_cannot_open_what_is_closed()
    {
        var good = OnDeathStar("[{fromEndpoints: [{}]}]", "good");
        var other = good.Replace("class: deathstar", "class: xwing", StringComparison.Ordinal);
        var bad = OnDeathStar("[{fromEndpoint: [{}]}]", "bad");
        var snapshot = Snapshot($"{good}\n---\n{bad}\n---\n{other}");
        var closed = snapshot.Ask(TieFighter);

        Assert.True(snapshot.Ask(TieFighter, subject: XWing).IsAllowed);
        Assert.Equal((VerdictReason.DocumentRefused, PolicyMatch.None), (closed.Reason, closed.Match));
        Assert.Equal([new RuleReference("CiliumNetworkPolicy", "default", "bad", "spec.ingress[0].fromEndpoint")], closed.Rules);
        Assert.True(snapshot.Ask(Identity.Host).IsAllowed);
    }

    private static string Closed(PolicySnapshot snapshot)
    {
        var subjects = new[] { "ds", "elsewhere", "xw" };
        var closed =
            from subject in subjects
            from direction in Enum.GetValues<Direction>()
            where snapshot.Ask(TieFighter, subject: Named(subject), direction: direction).Reason == VerdictReason.DocumentRefused
            select $"{subject}:{(direction == Direction.Ingress ? "in" : "out")}";
        return string.Join(' ', closed);
    }
}
