using Proxy.Policy.Labels;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Labels;

public sealed class IdentityTests
{
    [Fact]
    public void The_number_and_the_labels_are_the_same_on_all_nodes()
    {
        var identity = Pod("default", "xwing", ("org", "alliance"), ("class", "xwing"), ("app.kubernetes.io/name", "xwing"));

        Assert.Equal(
            [
                "k8s:app.kubernetes.io/name=xwing", "k8s:class=xwing",
                "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=default",
                "k8s:io.cilium.k8s.policy.cluster=default", "k8s:io.cilium.k8s.policy.serviceaccount=xwing", "k8s:io.kubernetes.pod.namespace=default", "k8s:org=alliance",
            ],
            identity.Labels.Texts);
        Assert.Equal(3_242_065u, identity.Number);
    }

    [Fact]
    public void Replicas_share_an_identity()
    {
        var first = Pod("n", "a", ("app", "x"), ("pod-template-hash", "1"), ("statefulset.kubernetes.io/pod-name", "x-0"));
        var second = Pod("n", "a", ("controller-revision-hash", "2"), ("app", "x"), ("apps.kubernetes.io/pod-index", "1"), ("batch.kubernetes.io/job-completion-index", "2"));

        Assert.Equal(first, second);
        Assert.Equal(first.Labels, second.Labels);
    }

    [Fact]
    public void A_pod_cannot_claim_another_namespace_or_account()
    {
        var honest = Pod("n", "a", ("app", "x"));
        var claiming = Pod("n", "a", ("app", "x"), ("io.kubernetes.pod.namespace", "kube-system"), ("io.cilium.k8s.policy.serviceaccount", "admin"), ("io.cilium.k8s.namespace.labels.team", "root"));

        Assert.Equal(honest.Labels, claiming.Labels);
    }

    [Theory]
    [InlineData("n")]
    [InlineData("kube-system")]
    public void The_name_of_a_namespace_is_a_label_of_it_whatever_its_manifest_says(string space)
    {
        KeyValuePair<string, string>[] claimed = [new("kubernetes.io/metadata.name", "kube-system"), new("team", "x")];
        Identity[] identities = [Identity.ForPod(space, "a", [], []), Identity.ForPod(space, "a", [], claimed), Identity.ForExternal(space, [], claimed)];

        Assert.All(identities, identity => Assert.Contains($"k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name={space}", identity.Labels.Texts));
    }

    [Fact]
    public void Numbers_of_pods_lie_between_256_and_2_to_the_24()
    {
        var numbers = Enumerable.Range(0, 2000).Select(i => Pod("n", $"a{i}").Number).ToArray();

        Assert.All(numbers, number => Assert.InRange(number, 256u, (1u << 24) - 1));
        Assert.InRange(numbers.Distinct().Count(), 1995, 2000);
    }

    [Fact]
    public void Reserved_identities()
    {
        Assert.Equal(["reserved:host"], Identity.Host.Labels.Texts);
        Assert.Equal([0u, 1u, 2u, 3u, 6u], new[] { Identity.Unknown, Identity.Host, Identity.World, Identity.Unmanaged, Identity.RemoteNode }.Select(identity => identity.Number));
    }

    [Fact]
    public void Labels_are_found_by_source_or_in_any()
    {
        var labels = LabelSet.Of(("k8s", "a", "1"), ("reserved", "a", "2"), ("k8s", "b", ""), ("k8s", "b", "3"));

        Assert.Equal(["k8s:a=1", "k8s:b=3", "reserved:a=2"], labels.Texts);
        Assert.True(labels.TryGet("reserved", "a", out var value) && value == "2");
        Assert.True(labels.TryGet("any", "b", out value) && value == "3");
        Assert.False(labels.TryGet("reserved", "b", out _));
    }
}
