using System.Globalization;
using Proxy.Cluster;
using Proxy.Issuer;
using Proxy.Policy.Documents;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

using static Proxy.Tests.Cluster.LiveManifests;

namespace Proxy.Tests.Cluster;

/// <summary>The daemons expect what the issuer issues, by either template.</summary>
public sealed class ExpectedIdTests
{
    private const string ByNumber = "spiffe://{trustDomain}/identity/{identity}";

    [Theory]
    [InlineData("spiffe://{trustDomain}/ns/{namespace}/sa/{serviceAccount}")]
    [InlineData(ByNumber)]
    public async Task Daemon_and_issuer_give_a_pod_one_ID(string text)
    {
        var template = Template(text);
        await using var manifests = new LiveManifests(new ClusterOptions { SpiffeIds = template, TrustDomain = "example.org" });
        string[] documents =
        [
            Manifests.Enrolled,
            Manifests.Pod("one", "10.0.0.1", "{app: web, tier: , pod-template-hash: x1}"),
            Manifests.Pod("two", "10.0.0.2", "{app: web}"),
            Allotment("777", "web"),
            Manifests.Pod("three", "10.0.0.3", "{app: web}", account: "other").Replace("namespace: default", "namespace: elsewhere", StringComparison.Ordinal),
        ];
        manifests.Put("all.yaml", documents);

        var snapshot = await manifests.StartAsync();

        Assert.Equal(3, snapshot.Workloads.Count);
        Assert.Equal(777u, snapshot.FindWorkload(Ip("10.0.0.2"))!.Identity.Number);
        Assert.All(snapshot.Workloads, workload => Assert.Equal([workload.ExpectedId], IssuedTo(workload, template, documents)));
    }

    [Fact]
    public async Task The_number_follows_the_labels()
    {
        await using var manifests = new LiveManifests(new ClusterOptions { SpiffeIds = Template(ByNumber) });
        manifests.Put("all.yaml", Manifests.Enrolled, Manifests.Pod("web", "10.0.0.1"));
        var before = (await manifests.StartAsync()).FindWorkload(Ip("10.0.0.1"))!;
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"spiffe://cluster.local/identity/{before.Identity.Number}"), before.ExpectedId.ToString());

        manifests.Put("all.yaml", Manifests.Enrolled, Manifests.Pod("web", "10.0.0.1", "{app: web, tier: gold}"));
        var after = (await manifests.UntilAsync(snapshot => snapshot.Revision > 1)).FindWorkload(Ip("10.0.0.1"))!;
        Assert.NotEqual(before.ExpectedId, after.ExpectedId);
        Assert.Equal(before.Uid, after.Uid);
    }

    [Fact]
    public async Task The_number_that_the_cluster_gave_to_labels_counts_and_others_are_made_of_them()
    {
        await using var manifests = new LiveManifests(new ClusterOptions { SpiffeIds = Template(ByNumber) });
        manifests.Put("all.yaml", Manifests.Enrolled, Manifests.Pod("web", "10.0.0.1", "{app: web}"), Allotment("778", "web"), Allotment("777", "web"));
        var snapshot = await manifests.StartAsync();
        Assert.Empty(snapshot.Faults);
        Assert.Equal("spiffe://cluster.local/identity/777", snapshot.FindWorkload(Ip("10.0.0.1"))!.ExpectedId.ToString());

        manifests.Put("all.yaml", Manifests.Enrolled, Manifests.Pod("web", "10.0.0.1", "{app: web}"), Allotment("777", "other"));
        snapshot = await manifests.UntilAsync(next => next.Revision > 1);
        Assert.NotEqual(777u, snapshot.FindWorkload(Ip("10.0.0.1"))!.Identity.Number);
    }

    [Theory]
    [InlineData("{apiVersion: cilium.io/v2, kind: CiliumIdentity, metadata: {name: web}, security-labels: {'k8s:a': b}}", "must be a number")]
    [InlineData("{apiVersion: cilium.io/v2, kind: CiliumIdentity, metadata: {name: '2'}, security-labels: {'k8s:a': b}}", "must be a number")]
    [InlineData("{apiVersion: cilium.io/v2, kind: CiliumIdentity, metadata: {name: '16777216'}, security-labels: {'k8s:a': b}}", "must be a number")]
    [InlineData("{apiVersion: cilium.io/v2, kind: CiliumIdentity, metadata: {name: '777'}}", "security-labels must be a mapping")]
    [InlineData("{apiVersion: cilium.io/v2, kind: CiliumIdentity, metadata: {name: '777'}, security-labels: {a: b}}", "not a label with its source")]
    public async Task A_number_that_cannot_be_read_is_told_and_given_to_nobody(string document, string reason)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Pod("web", "10.0.0.1"), document);

        var snapshot = await manifests.StartAsync();

        Assert.Contains(reason, Assert.Single(snapshot.Faults).Reason, StringComparison.Ordinal);
        Assert.InRange(snapshot.FindWorkload(Ip("10.0.0.1"))!.Identity.Number, 778u, uint.MaxValue);
    }

    private static string Allotment(string number, string app) => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumIdentity
        metadata: {name: "{{number}}"}
        security-labels:
          k8s:app: {{app}}
          k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name: default
          k8s:io.cilium.k8s.namespace.labels.team: ships
          k8s:io.cilium.k8s.policy.cluster: default
          k8s:io.cilium.k8s.policy.serviceaccount: web
          k8s:io.kubernetes.pod.namespace: default
        """;

    /// <summary>The IDs that the issuer has for what the daemon tells it of the pod.</summary>
    private static IEnumerable<SpiffeId> IssuedTo(Workload workload, SpiffeIdTemplate template, string[] documents)
    {
        var domain = new TrustDomain("example.org");
        var content = new PodFormat(domain, template).Read(ManifestReader.Read("all.yaml", System.Text.Encoding.UTF8.GetBytes(string.Join("\n---\n", documents))));
        var entries = new PodEntries(domain, template).Of(content.Pods, content.Namespaces, content.Identities);
        HashSet<Selector> known =
        [
            new("k8s", $"ns:{workload.Namespace}"), new("k8s", $"sa:{workload.ServiceAccount}"), new("k8s", $"pod-name:{workload.Name}"),
            new("k8s", $"pod-uid:{workload.Uid}"), .. workload.Labels.Select(label => new Selector("k8s", $"pod-label:{label.Key}:{label.Value}")),
        ];
        return entries.Where(entry => entry.Matches(known)).Select(entry => entry.SpiffeId).Distinct();
    }

    private static SpiffeIdTemplate Template(string text)
    {
        Assert.True(SpiffeIdTemplate.TryParse(text, out var template, out var fault), fault);
        return template;
    }
}
