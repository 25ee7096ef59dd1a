using Proxy.Cluster;
using Proxy.Policy;

using static Proxy.Tests.Cluster.LiveManifests;

namespace Proxy.Tests.Cluster;

public class WorkloadTests
{
    [Fact]
    public async Task A_pod_becomes_a_workload_with_identity_and_expected_id()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Enrolled, Manifests.Pod(
            "web-1", "10.0.0.1", metadata: """
            uid: 0b0f
              annotations: {node-proxy.dev/netns: lab-web}
              ownerReferences: [{kind: ReplicaSet, name: web, uid: x}]
            """));

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Faults);
        var workload = Assert.Single(snapshot.Workloads);
        Assert.Same(workload, snapshot.FindWorkload(Ip("10.0.0.1")));
        Assert.Equal("default/web-1", workload.ToString());
        Assert.Equal("0b0f", workload.Uid);
        Assert.Equal("node1", workload.NodeName);
        Assert.Equal("lab-web", workload.NetworkNamespace);
        Assert.Equal([("ReplicaSet", "web")], workload.Owners);
        Assert.True(workload.IsEnrolled);
        Assert.Equal("spiffe://cluster.local/ns/default/sa/web", workload.ExpectedId.ToString());
        Assert.Contains("k8s:app=web", workload.Identity.Labels.Texts);
        Assert.Contains("k8s:io.cilium.k8s.namespace.labels.team=ships", workload.Identity.Labels.Texts);
        Assert.Same(workload, Assert.Single(snapshot.LocalTo("node1")));
        Assert.Empty(snapshot.LocalTo("node2"));
    }

    [Theory]
    [InlineData("{}", "", EnrolmentMode.Disabled, 0)]
    [InlineData("{node-proxy.dev/mode: enabled}", "", EnrolmentMode.Enabled, 0)]
    [InlineData("{node-proxy.dev/mode: enabled}", "{node-proxy.dev/mode: disabled}", EnrolmentMode.Disabled, 0)]
    [InlineData("{node-proxy.dev/mode: disabled}", "{node-proxy.dev/mode: enabled}", EnrolmentMode.Enabled, 0)]
    [InlineData("{}", "{node-proxy.dev/mode: permissive}", EnrolmentMode.Enabled, 1)]
    [InlineData("{}", "{node-proxy.dev/mode: Disabled}", EnrolmentMode.Enabled, 1)]
    [InlineData("{}", "{node-proxy.dev/mode: }", EnrolmentMode.Enabled, 1)]
    [InlineData("{node-proxy.dev/mode: no}", "{}", EnrolmentMode.Enabled, 1)]
    public async Task Enrolment_is_the_pods_word_then_its_namespaces_and_what_is_unclear_is_enabled(
        string ofNamespace, string ofPod, object expected, int faults)
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            $"{{apiVersion: v1, kind: Namespace, metadata: {{name: default, annotations: {ofNamespace}}}}}",
            Manifests.Pod("web-1", "10.0.0.1", metadata: ofPod.Length > 0 ? $"annotations: {ofPod}" : ""));

        var snapshot = await manifests.StartAsync();

        Assert.Equal((EnrolmentMode)expected, Assert.Single(snapshot.Workloads).Mode);
        Assert.Equal(faults, snapshot.Faults.Count);
    }

    [Fact]
    public async Task A_host_network_pod_is_never_enrolled_and_does_not_own_its_address()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            Manifests.Enrolled,
            Manifests.Pod("agent-1", "192.168.0.1", spec: "hostNetwork: true"),
            Manifests.Pod("agent-2", "192.168.0.1", spec: "hostNetwork: true"));

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Faults);
        Assert.All(snapshot.Workloads, workload => Assert.False(workload.IsEnrolled));
        Assert.Null(snapshot.FindWorkload(Ip("192.168.0.1")));
        Assert.False(snapshot.IsPodAddress(Ip("192.168.0.1")));
    }

    [Fact]
    public async Task Both_addresses_of_a_dual_stack_pod_are_its_own()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.1}, {ip: 'fd00::1'"));

        var snapshot = await manifests.StartAsync();

        var workload = Assert.Single(snapshot.Workloads);
        Assert.Equal([Ip("10.0.0.1"), Ip("fd00::1")], workload.Addresses);
        Assert.Same(workload, snapshot.FindWorkload(Ip("fd00::1")));
        Assert.Same(workload, snapshot.FindWorkload(Ip("10.0.0.1")));
    }

    [Theory]
    [InlineData("deletionTimestamp: '2026-01-01T00:00:00Z'", "")]
    [InlineData("", "  phase: Succeeded")]
    [InlineData("", "  phase: Failed")]
    public async Task A_pod_that_is_gone_gives_its_address_back(string metadata, string status)
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            Manifests.Pod("old", "10.0.0.1", metadata: metadata) + "\n" + status,
            Manifests.Pod("new", "10.0.0.1"));

        var snapshot = await manifests.StartAsync();

        Assert.Equal("new", snapshot.FindWorkload(Ip("10.0.0.1"))?.Name);
        Assert.Empty(snapshot.Faults);
    }

    [Fact]
    public async Task An_address_that_two_pods_claim_belongs_to_nobody_until_one_goes()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("one.yaml", Manifests.Pod("one", "10.0.0.1"));
        manifests.Put("two.yaml", Manifests.Pod("two", "10.0.0.1"));

        var disputed = await manifests.StartAsync();

        Assert.Null(disputed.FindWorkload(Ip("10.0.0.1")));
        Assert.True(disputed.IsPodAddress(Ip("10.0.0.1")));
        Assert.All(disputed.Workloads, workload => Assert.True(workload.IsDisputed));
        Assert.Equal(["one.yaml", "two.yaml"], disputed.Faults.Select(fault => Path.GetFileName(fault.File)));

        manifests.Delete("one.yaml");
        var settled = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 0);

        Assert.Equal("two", settled.FindWorkload(Ip("10.0.0.1"))?.Name);
        Assert.False(Assert.Single(settled.Workloads).IsDisputed);
    }

    [Fact]
    public async Task Two_label_sets_with_one_number_are_both_refused()
    {
        await using var manifests = new LiveManifests();
        var (first, second) = FindCollision();
        manifests.Put(
            "all.yaml",
            Manifests.Pod("one", "10.0.0.1", labels: $"{{n: '{first}'}}"),
            Manifests.Pod("two", "10.0.0.2", labels: $"{{n: '{second}'}}"),
            Manifests.Pod("three", "10.0.0.3"));

        var snapshot = await manifests.StartAsync();

        Assert.Null(snapshot.FindWorkload(Ip("10.0.0.1")));
        Assert.Null(snapshot.FindWorkload(Ip("10.0.0.2")));
        Assert.NotNull(snapshot.FindWorkload(Ip("10.0.0.3")));
        Assert.Equal(2, snapshot.Faults.Count(fault => fault.Reason.Contains("identity number", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_pod_replaced_at_its_address_has_another_uid()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.1"));
        var before = (await manifests.StartAsync()).FindWorkload(Ip("10.0.0.1"))!;

        manifests.Put("pod.yaml", Manifests.Pod("web-2", "10.0.0.1"));
        var after = await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip("10.0.0.1"))?.Name == "web-2");

        Assert.NotEqual(before.Uid, after.FindWorkload(Ip("10.0.0.1"))!.Uid);
    }

    [Fact]
    public async Task A_uid_that_two_pods_carry_is_replaced_for_both()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml", Manifests.Pod("one", "10.0.0.1", metadata: "uid: copied"), Manifests.Pod("two", "10.0.0.2", metadata: "uid: copied"));

        var snapshot = await manifests.StartAsync();

        Assert.Equal(2, snapshot.Faults.Count);
        Assert.Equal(2, snapshot.Workloads.Select(workload => workload.Uid).Distinct().Count());
        Assert.DoesNotContain(snapshot.Workloads, workload => workload.Uid == "copied" || workload.IsDisputed);
    }

    [Fact]
    public async Task A_uid_that_equals_one_made_of_another_pods_name_is_replaced_too()
    {
        await using var manifests = new LiveManifests();
        var before = Manifests.Pod("one", "10.0.0.1");
        manifests.Put("one.yaml", before);
        var derived = (await manifests.StartAsync()).FindWorkload(Ip("10.0.0.1"))!.Uid;

        manifests.Put(
            "others.yaml",
            Manifests.Pod("two", "10.0.0.2", metadata: "uid: copied"),
            Manifests.Pod("three", "10.0.0.3", metadata: $"uid: {derived}"));
        manifests.Put("one.yaml", Manifests.Pod("one", "10.0.0.1", metadata: "uid: copied"));
        var after = await manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 3 && snapshot.Faults.Count > 0);

        Assert.Equal(3, after.Workloads.Select(workload => workload.Uid).Distinct().Count());
    }

    [Fact]
    public async Task A_changed_label_makes_a_new_version_of_the_same_pod_and_leaves_the_others_alone()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("one.yaml", Manifests.Pod("one", "10.0.0.1"));
        manifests.Put("two.yaml", Manifests.Pod("two", "10.0.0.2"));
        var before = await manifests.StartAsync();

        manifests.Put("one.yaml", "# moved by a comment\n" + Manifests.Pod("one", "10.0.0.1", labels: "{app: other}"));
        var after = await manifests.UntilAsync(snapshot => snapshot.Revision > before.Revision);

        Assert.Equal(before.FindWorkload(Ip("10.0.0.1"))!.Uid, after.FindWorkload(Ip("10.0.0.1"))!.Uid);
        Assert.NotSame(before.FindWorkload(Ip("10.0.0.1")), after.FindWorkload(Ip("10.0.0.1")));
        Assert.Same(before.FindWorkload(Ip("10.0.0.2")), after.FindWorkload(Ip("10.0.0.2")));
        Assert.Same(before.Policies, after.Policies);
    }

    [Fact]
    public async Task Looking_up_an_address_allocates_nothing()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("pod.yaml", Manifests.Pod("web-1", "10.0.0.1"), Manifests.Service("web", "10.96.0.1", "[{port: 80}]"));
        var snapshot = await manifests.StartAsync();
        var (pod, service) = (Ip("10.0.0.1"), Ip("10.96.0.1"));
        LookUp(snapshot, pod, service);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            LookUp(snapshot, pod, service);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static bool LookUp(ClusterSnapshot snapshot, Proxy.Policy.Address pod, Proxy.Policy.Address service) =>
        snapshot.FindWorkload(pod) is not null
        && snapshot.FindService(service, 80) is not null
        && snapshot.IsServiceAddress(service)
        && snapshot.IsPodAddress(pod);

    // By the birthday bound some ten thousand label sets hold two with one 24-bit number.
    private static (int First, int Second) FindCollision()
    {
        var seen = new Dictionary<uint, int>();
        for (var n = 0; ; n++)
        {
            var identity = Proxy.Policy.Labels.Identity.ForPod("default", "web", [KeyValuePair.Create("n", $"{n}")], []);
            if (!seen.TryAdd(identity.Number, n))
                return (seen[identity.Number], n);
        }
    }

    [Fact]
    public async Task The_address_of_a_node_inside_a_pod_range_is_no_pods_unless_a_pod_claims_it()
    {
        await using var manifests = new LiveManifests(new ClusterOptions { PodCidrs = [Range("10.0.0.0/8")] });
        manifests.Put(
            "all.yaml",
            Manifests.Pod("web-1", "10.0.0.3"),
            """
            apiVersion: v1
            kind: Node
            metadata: {name: node1}
            status:
              addresses: [{type: Hostname, address: node1}, {type: InternalIP, address: 10.0.0.1}, {type: ExternalIP, address: 10.0.0.3}]
            """);

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Faults);
        Assert.False(snapshot.IsPodAddress(Ip("10.0.0.1")));
        Assert.True(snapshot.IsPodAddress(Ip("10.0.0.2")));
        Assert.True(snapshot.IsPodAddress(Ip("10.0.0.3")));
        Assert.Equal("web-1", snapshot.FindWorkload(Ip("10.0.0.3"))?.Name);
    }

    private static Cidr Range(string text) => Cidr.TryParse(text, out var cidr) ? cidr : throw new FormatException(text);
}
