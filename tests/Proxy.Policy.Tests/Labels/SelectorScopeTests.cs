using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Labels;

/// <summary>Which namespace a selector speaks of, and what a key with a source means.</summary>
public sealed class SelectorScopeTests
{
    private static readonly string[] Askers = ["tie", "xw", "elsewhere", "world", "remote-node", "unknown"];
    private static readonly string[] Asked = ["ds", "tie", "xw", "elsewhere", "host"];

    [Theory]
    [InlineData("{}", "tie xw")]
    [InlineData("{matchLabels: {org: empire}}", "tie")]
    [InlineData("{matchLabels: {'k8s:org': empire}}", "tie")]
    [InlineData("{matchLabels: {'any:org': empire}}", "tie")]
    [InlineData("{matchLabels: {'reserved:org': empire}}", "")]
    [InlineData("{matchLabels: {'k8s.org': empire}}", "")]
    [InlineData("{matchLabels: {org: Empire}}", "")]
    [InlineData("{matchLabels: {org: ''}}", "")]
    [InlineData("{matchLabels: {io.kubernetes.pod.namespace: other}}", "elsewhere")]
    [InlineData("{matchLabels: {'k8s:io.kubernetes.pod.namespace': other}}", "elsewhere")]
    [InlineData("{matchLabels: {'any:io.kubernetes.pod.namespace': other, class: xwing}}", "")]
    [InlineData("{matchLabels: {'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name': other}}", "elsewhere")]
    [InlineData("{matchLabels: {'k8s:io.cilium.k8s.policy.serviceaccount': tiefighter}}", "tie")]
    [InlineData("{matchLabels: {'reserved:world': ''}}", "world")]
    [InlineData("{matchLabels: {'reserved:remote-node': ''}}", "remote-node")]
    [InlineData("{matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: Exists}]}", "tie xw elsewhere")]
    [InlineData("{matchExpressions: [{key: org, operator: In, values: [alliance, rebels]}]}", "xw")]
    [InlineData("{matchExpressions: [{key: org, operator: NotIn, values: [alliance]}]}", "tie")]
    [InlineData("{matchExpressions: [{key: nothing, operator: DoesNotExist}]}", "tie xw")]
    [InlineData("{matchExpressions: [{key: 'reserved:world', operator: DoesNotExist}]}", "tie xw elsewhere remote-node")]
    [InlineData("{matchLabels: {}, matchExpressions: []}", "tie xw")]
    public void Peers(string selector, string expected)
    {
        var snapshot = Snapshot(OnDeathStar($"[{{fromEndpoints: [{selector}]}}]"));
        var allowed = Askers.Where(peer => snapshot.Ask(Named(peer)).IsAllowed);

        Assert.Equal(expected, string.Join(' ', allowed));
    }

    [Theory]
    [InlineData("{}", "tie xw elsewhere")]
    [InlineData("{matchLabels: {org: empire}}", "tie elsewhere")]
    [InlineData("{matchLabels: {'reserved:world': ''}}", "world")]
    [InlineData("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [other]}]}", "tie xw world remote-node")]
    [InlineData("{matchExpressions: [{key: 'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name', operator: NotIn, values: [other]}]}", "tie xw")]
    [InlineData("{matchExpressions: [{key: io.cilium.k8s.namespace.labels.team, operator: DoesNotExist}]}", "tie xw elsewhere")]
    public void Peers_of_a_policy_of_the_cluster(string selector, string expected)
    {
        var snapshot = Snapshot($"apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {{name: p}}\nspec: {{endpointSelector: {{matchLabels: {{class: deathstar}}}}, ingress: [{{fromEndpoints: [{selector}]}}]}}");
        var allowed = Askers.Where(peer => snapshot.Ask(Named(peer)).IsAllowed);

        Assert.Equal(expected, string.Join(' ', allowed));
    }

    [Theory]
    [InlineData("{}", "ds tie xw")]
    [InlineData("{matchLabels: {class: tiefighter}}", "tie")]
    [InlineData("{matchLabels: {'k8s:io.kubernetes.pod.namespace': other}}", "ds tie xw")]
    [InlineData("{matchLabels: {io.kubernetes.pod.namespace: other, class: tiefighter}}", "tie")]
    [InlineData("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}", "ds tie xw")]
    [InlineData("{matchLabels: {'reserved:host': ''}}", "")]
    public void Subjects_are_always_in_the_namespace_of_the_policy(string selector, string expected)
    {
        var snapshot = Snapshot(OnDeathStar("[{}]").Replace("{matchLabels: {class: deathstar}}", selector, StringComparison.Ordinal));
        var isolated = Asked.Where(subject => snapshot.Ask(TieFighter, subject: Named(subject)).IsIsolated);

        Assert.Equal(expected, string.Join(' ', isolated));
    }

    [Fact]
    public void A_document_without_namespace_is_in_default()
    {
        var snapshot = Snapshot(OnDeathStar("[{}]").Replace(", namespace: default", "", StringComparison.Ordinal));

        Assert.True(snapshot.Ask(TieFighter).IsIsolated);
        Assert.Equal("default", Assert.Single(snapshot.Ask(TieFighter).Rules).Namespace);
    }
}
