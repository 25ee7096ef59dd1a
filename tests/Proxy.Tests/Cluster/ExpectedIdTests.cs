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
            Manifests.Pod("three", "10.0.0.3", "{app: web}", account: "other").Replace("namespace: default", "namespace: elsewhere", StringComparison.Ordinal),
        ];
        manifests.Put("all.yaml", documents);

        var snapshot = await manifests.StartAsync();

        Assert.Equal(3, snapshot.Workloads.Count);
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

    /// <summary>The IDs that the issuer has for what the daemon tells it of the pod.</summary>
    private static IEnumerable<SpiffeId> IssuedTo(Workload workload, SpiffeIdTemplate template, string[] documents)
    {
        var domain = new TrustDomain("example.org");
        var content = new PodFormat(domain, template).Read(ManifestReader.Read("all.yaml", System.Text.Encoding.UTF8.GetBytes(string.Join("\n---\n", documents))));
        var entries = new PodEntries(domain, template).Of(content.Pods, content.Namespaces);
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
