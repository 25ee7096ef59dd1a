using static Proxy.Tests.Cluster.LiveManifests;

namespace Proxy.Tests.Cluster;

public class ExclusionTests
{
    private const string Everything =
        "{node-proxy.dev/skip-inbound-ports: \"9000\", node-proxy.dev/skip-outbound-ports: \"25,8000-8010\", node-proxy.dev/skip-outbound-cidrs: \"192.0.2.0/24\"}";

    [Fact]
    public async Task The_annotations_of_a_pod_exclude()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Enrolled, Pod(Everything));

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Faults);
        var workload = snapshot.FindWorkload(Ip("10.0.0.1"))!;
        Assert.Equal("inbound ports 9000; outbound ports 25,8000-8010; outbound ranges 192.0.2.0/24", workload.Exclusions.ToString());
        Assert.False(workload.IsCapturedAt(9000));
        Assert.True(workload.IsCapturedAt(25));
    }

    [Theory]
    [InlineData("skip-inbound-ports", "\"0\"")]
    [InlineData("skip-inbound-ports", "[80]")]
    [InlineData("skip-outbound-ports", "")]
    [InlineData("skip-outbound-cidrs", "\"10.0.0.0\"")]
    public async Task One_bad_value_is_told_with_its_place_and_nothing_at_all_is_excluded(string annotation, string value)
    {
        var good = annotation == "skip-outbound-ports" ? "node-proxy.dev/skip-inbound-ports: \"9000\"" : "node-proxy.dev/skip-outbound-ports: \"25\"";
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Pod($"{{node-proxy.dev/mode: enabled, {good}, node-proxy.dev/{annotation}: {value}}}"));

        var snapshot = await manifests.StartAsync();

        var fault = Assert.Single(snapshot.Faults);
        Assert.Equal((manifests.PathOf("all.yaml"), 7), (fault.File, fault.Line));
        Assert.Contains(annotation, fault.Path, StringComparison.Ordinal);
        Assert.EndsWith("nothing of the pod is excluded", fault.Reason, StringComparison.Ordinal);
        Assert.StartsWith("for instance", fault.Hint, StringComparison.Ordinal);
        Assert.True(Assert.Single(snapshot.Workloads).Exclusions.IsEmpty);
    }

    [Fact]
    public async Task A_changed_annotation_is_another_version_of_the_same_pod()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Enrolled, Pod(Everything));
        var before = Assert.Single((await manifests.StartAsync()).Workloads);

        manifests.Put("all.yaml", Manifests.Enrolled, Pod("{}"));
        var after = Assert.Single((await manifests.UntilAsync(snapshot => snapshot.Workloads[0].Exclusions.IsEmpty)).Workloads);

        Assert.Equal(before.Uid, after.Uid);
        Assert.True(after.IsCapturedAt(9000));
    }

    [Fact]
    public async Task An_exclusion_that_goes_round_a_policy_is_told_with_the_policys_name()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Enrolled, Pod(Everything), Manifests.Policy("rule1"), Manifests.Policy("of-others", app: "other"));

        var fault = Assert.Single((await manifests.StartAsync()).Warnings);

        Assert.Equal("Pod default/web", fault.Document);
        Assert.Equal("inbound ports 9000 are excluded and go round CiliumNetworkPolicy default/rule1", fault.Reason);
    }

    [Fact]
    public async Task A_pod_that_is_not_enrolled_has_nothing_to_exclude_and_no_warning()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Pod(Everything), Manifests.Policy("rule1"));

        Assert.Empty((await manifests.StartAsync()).Warnings);
    }

    private static string Pod(string annotations) => Manifests.Pod("web", "10.0.0.1", metadata: $"annotations: {annotations}");
}
