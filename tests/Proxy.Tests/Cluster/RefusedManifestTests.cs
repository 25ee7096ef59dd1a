using Proxy.Cluster;
using Proxy.Policy;

using static Proxy.Tests.Cluster.LiveManifests;

namespace Proxy.Tests.Cluster;

public class RefusedManifestTests
{
    [Theory]
    [InlineData("podIPs: [{ip: 10.0.0.300}]", "status.podIPs[0].ip")]
    [InlineData("podIPs: [{ip: 127.0.0.1}]", "status.podIPs[0].ip")]
    [InlineData("podIPs: 10.0.0.1", "status.podIPs")]
    [InlineData("podIP: [10.0.0.1]", "status.podIP")]
    public async Task A_pod_with_a_bad_address_is_refused_with_its_place(string status, string path)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("pod.yaml", $"apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nstatus:\n  {status}");

        var snapshot = await manifests.StartAsync();

        var fault = Assert.Single(snapshot.Faults);
        Assert.Equal((manifests.PathOf("pod.yaml"), 6, path), (fault.File, fault.Line, fault.Path));
        Assert.Equal("Pod web", fault.Document);
        Assert.Empty(snapshot.Workloads);
    }

    [Theory]
    [InlineData("{kind: Pod, apiVersion: v1}", "metadata.name is missing")]
    [InlineData("{kind: Pod, apiVersion: v1, metadata: {name: ''}}", "must be a name")]
    [InlineData("{kind: Pod, apiVersion: v1, metadata: {name: a, namespace: ../b}}", "must be a name")]
    [InlineData("{kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {serviceAccountName: a/b}}", "must be a name")]
    [InlineData("{kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {hostNetwork: maybe}}", "true or false")]
    [InlineData("{kind: Pod, apiVersion: v1, metadata: {name: a, annotations: {node-proxy.dev/netns: /proc/1/ns/net}}}", "must be a word")]
    [InlineData("{kind: Pod, apiVersion: v1, metadata: {name: a, labels: [x]}}", "must be a mapping")]
    [InlineData("{kind: Service, apiVersion: v1, metadata: {name: a}, spec: {ports: [{port: 0}]}}", "from 1 to 65535")]
    [InlineData("{kind: Service, apiVersion: v1, metadata: {name: a}, spec: {ports: [{port: 65536}]}}", "from 1 to 65535")]
    [InlineData("{kind: Service, apiVersion: v1, metadata: {name: a}, spec: {ports: [{port: \"80\\0\"}]}}", "from 1 to 65535")]
    [InlineData("{kind: Service, apiVersion: v1, metadata: {name: a}, spec: {ports: [{name: x}]}}", "the port is missing")]
    [InlineData("{kind: Service, apiVersion: v1, metadata: {name: a}, spec: {ports: [{port: 1, protocol: tcp}]}}", "TCP, UDP or SCTP")]
    [InlineData("{kind: Service, apiVersion: v1, metadata: {name: a}, spec: {clusterIP: here}}", "must be an IP address")]
    [InlineData("{metadata: {name: a}}", "no apiVersion or no kind")]
    [InlineData("{kind: Pod, kind: Pod}", "twice")]
    public async Task What_is_wrong_is_told_with_its_line(string document, string reason)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Pod("good", "10.0.0.1"));
        manifests.Put("bad.yaml", document);

        var snapshot = await manifests.StartAsync();

        var fault = Assert.Single(snapshot.Faults);
        Assert.Contains(reason, fault.Reason, StringComparison.Ordinal);
        Assert.Equal(1, fault.Line);
        Assert.Contains(manifests.Log, line => line.Contains("bad.yaml:1:", StringComparison.Ordinal));
        Assert.NotNull(snapshot.FindWorkload(Ip("10.0.0.1")));
    }

    [Fact]
    public async Task Nothing_in_a_manifest_breaks_a_line_of_the_log()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "bad.yaml",
            """{apiVersion: v1, kind: Pod, metadata: {name: "a\nforged: line", "labels": [x]}}""",
            """{apiVersion: v1, kind: "Odd\nforged: line"}""");

        await manifests.StartAsync();

        Assert.Equal(3, manifests.Log.Count());
        Assert.All(manifests.Log, line => Assert.DoesNotContain('\n', line));
    }

    [Theory]
    [InlineData("kind: Pod\n  name: [broken")]
    [InlineData("")]
    [InlineData("# nothing left\n")]
    public async Task A_file_that_breaks_keeps_its_last_good_version_until_it_is_repaired(string broken)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Pod("web-1", "10.0.0.1"), Manifests.Policy("rule1"));
        var good = await manifests.StartAsync();
        Assert.Empty(good.Faults);

        manifests.Put("all.yaml", broken);
        var kept = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 1);
        Assert.Same(good.FindWorkload(Ip("10.0.0.1")), kept.FindWorkload(Ip("10.0.0.1")));
        Assert.Same(good.Policies, kept.Policies);

        manifests.Put("all.yaml", Manifests.Pod("web-1", "10.0.0.2"));
        var repaired = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 0);
        Assert.NotNull(repaired.FindWorkload(Ip("10.0.0.2")));
        Assert.Empty(repaired.Documents);
    }

    [Fact]
    public async Task A_document_that_breaks_keeps_its_last_good_version_while_its_neighbours_change()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Pod("one", "10.0.0.1"), Manifests.Pod("two", "10.0.0.2"));
        await manifests.StartAsync();

        manifests.Put("all.yaml", Manifests.Pod("one", "nowhere"), Manifests.Pod("two", "10.0.0.3"));
        var snapshot = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 1);

        Assert.Equal("one", snapshot.FindWorkload(Ip("10.0.0.1"))?.Name);
        Assert.Equal("two", snapshot.FindWorkload(Ip("10.0.0.3"))?.Name);
    }

    [Fact]
    public async Task A_policy_that_breaks_keeps_its_last_good_version_and_is_gone_when_deleted()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("policy.yaml", Manifests.Policy("rule1"));
        var good = await manifests.StartAsync();

        manifests.Put("policy.yaml", Manifests.BrokenPolicy("rule1"));
        var kept = await manifests.UntilAsync(snapshot => snapshot.Faults.Count > 0);
        Assert.Same(Assert.Single(good.Documents), Assert.Single(kept.Documents));
        Assert.False(kept.Documents[0].IsRefused);

        manifests.Delete("policy.yaml");
        Assert.Empty((await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 0)).Documents);

        manifests.Put("policy.yaml", Manifests.BrokenPolicy("rule1"));
        var closed = await manifests.UntilAsync(snapshot => snapshot.Faults.Count > 0);
        Assert.True(Assert.Single(closed.Documents).IsRefused);
    }

    [Theory]
    [InlineData("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a, namespace: ships}\nspec: [", "ships")]
    [InlineData("{\"kind\": \"NetworkPolicy\", \"metadata\": {\"namespace\": \"ships\"}, ]", "ships")]
    [InlineData("kind: Pod\nmetadata: {namespace: other}\n---\nkind: CiliumNetworkPolicy\nspec: [", "default")]
    [InlineData("apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: a}\nspec: [", "")]
    [InlineData("apiVersion: cilium.io/v2\nKind: CiliumNetworkPolicy\nmetadata: {name: a, namespace: ships}\nspec: [", "ships")]
    [InlineData("apiVersion: cilium.io/v2\nmetadata: {name: a}\nspec: [", "")]
    [InlineData("apiVersion: 'networking.k8s.io/v1'\nmetadata: {name: a}\nspec: [", "default")]
    public async Task A_file_that_never_could_be_read_closes_the_namespaces_of_its_policies(string broken, string closed)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("policy.yaml", broken);

        var snapshot = await manifests.StartAsync();

        var document = Assert.Single(snapshot.Documents);
        Assert.Equal((closed, true), (document.Namespace, document.IsRefused));
        var place = closed.Length == 0 ? "every namespace" : closed;
        Assert.Contains($"it closes ingress and egress of every pod of {place}", Assert.Single(snapshot.Faults).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kind: CiliumNetworkPolicy\nspec: [")]
    [InlineData("kind: CiliumClusterwideNetworkPolicy\nspec: [")]
    [InlineData("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec: {endpointSelector: [app]}")]
    public async Task What_an_unreadable_policy_closes_is_denied_and_opens_when_it_is_repaired(string broken)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("pods.yaml", Manifests.Pod("web", "10.0.0.1"), Manifests.Pod("client", "10.0.0.2", "{app: client}"));
        manifests.Put("policy.yaml", broken);
        Assert.Equal(VerdictReason.DocumentRefused, Decide(await manifests.StartAsync()).Reason);

        manifests.Put("policy.yaml", Manifests.Policy("a"));
        var repaired = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 0);
        Assert.Equal(VerdictReason.Allowed, Decide(repaired).Reason);

        manifests.Put("policy.yaml", broken);
        Assert.True(Decide(await manifests.UntilAsync(snapshot => snapshot.Faults.Count > 0)).IsAllowed);
    }

    [Fact]
    public async Task The_same_policy_written_twice_in_the_same_words_stays_in_force_with_a_fault()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("a.yaml", Manifests.Policy("rule1"));
        manifests.Put("b.yaml", "# a copy\n" + Manifests.Policy("rule1"));

        var snapshot = await manifests.StartAsync();

        Assert.False(Assert.Single(snapshot.Documents).IsRefused);
        Assert.Contains("a.yaml:1", Assert.Single(snapshot.Faults).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_definitions_of_one_policy_close_it_and_a_good_version_of_before_outlives_the_dispute()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("a.yaml", Manifests.Policy("rule1"));
        manifests.Put("b.yaml", Manifests.Policy("rule1", app: "other"));
        var disputed = await manifests.StartAsync();
        Assert.All(disputed.Documents, document => Assert.True(document.IsRefused));
        Assert.Equal(2, disputed.Documents.Count);

        manifests.Delete("b.yaml");
        var settled = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 0);
        manifests.Put("b.yaml", Manifests.Policy("rule1", app: "other"));
        var again = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 1);

        Assert.Same(Assert.Single(settled.Documents), Assert.Single(again.Documents));
    }

    [Fact]
    public async Task Two_definitions_of_one_pod_give_its_addresses_to_nobody()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("a.yaml", Manifests.Pod("web", "10.0.0.1"));
        manifests.Put("b.yaml", Manifests.Pod("web", "10.0.0.2"));

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Workloads);
        Assert.True(snapshot.IsPodAddress(Ip("10.0.0.1")));
        Assert.True(snapshot.IsPodAddress(Ip("10.0.0.2")));
    }

    [Theory]
    [InlineData("{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: [x]}}")]
    [InlineData("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: default\n  annotations: {")]
    public async Task A_namespace_that_cannot_be_read_counts_as_enrolled(string broken)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("namespace.yaml", broken);
        manifests.Put("pod.yaml", Manifests.Pod("web", "10.0.0.1"));

        Assert.True(Assert.Single((await manifests.StartAsync()).Workloads).IsEnrolled);
    }

    [Theory]
    [InlineData(true, "{team: x}", "{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: [x]}}")]
    [InlineData(true, "{team: x}", "{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {team: x, team: z}}}")]
    [InlineData(true, "{team: x}", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: default\n  labels: {")]
    [InlineData(true, "{team: x}", "{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {team: x}}}", "{apiVersion: v1, kind: Namespace, metadata: {name: default}}")]
    [InlineData(false, "{team: x}", "{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {team: x}}}", "{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {team: x}, annotations: {a: b}}}")]
    [InlineData(false, "{team: x}", "{apiVersion: v1, kind: Namespace, metadata: {name: other, labels: [x]}}")]
    [InlineData(false, "{team: x}", "{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {team: z}, annotations: {node-proxy.dev/mode: maybe}}}")]
    [InlineData(false, "{kubernetes.io/metadata.name: x}", "{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: [x]}}")]
    public async Task A_pod_whose_namespace_has_labels_that_nobody_knows_is_refused_where_policy_speaks_of_them(bool isRefused, string labels, params string[] namespaces)
    {
        await using var manifests = new LiveManifests();
        for (var i = 0; i < namespaces.Length; i++)
            manifests.Put($"namespace{i}.yaml", namespaces[i]);
        manifests.Put(
            "rest.yaml", Manifests.Pod("web", "10.0.0.1"),
            $"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: elsewhere}}, spec: {{podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {labels}}}}}]}}]}}}}");

        var snapshot = await manifests.StartAsync();

        Assert.Equal((isRefused, isRefused), (Assert.Single(snapshot.Workloads).IsDisputed, snapshot.FindWorkload(Ip("10.0.0.1")) is null));
        Assert.Equal(isRefused, snapshot.Faults.Any(fault => fault.Reason.Contains("the labels of its namespace cannot be read", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_key_written_twice_refuses_one_document_of_its_file()
    {
        await using var manifests = new LiveManifests();
        var twice = Manifests.Policy("bad").Replace("spec:", "status: {}\nstatus: {}\nspec:", StringComparison.Ordinal);
        manifests.Put("all.yaml", Manifests.Policy("good"), twice, Manifests.Pod("web", "10.0.0.1"), Manifests.Pod("two", "10.0.0.2", metadata: "uid: a\n  uid: b"));

        var snapshot = await manifests.StartAsync();

        Assert.Equal([("bad", true), ("good", false)], snapshot.Documents.Select(document => (document.Name, document.IsRefused)));
        Assert.NotNull(snapshot.FindWorkload(Ip("10.0.0.1")));
        Assert.Null(snapshot.FindWorkload(Ip("10.0.0.2")));
        Assert.Equal(["CiliumNetworkPolicy default/bad", "Pod default/two"], snapshot.Faults.Select(fault => fault.Document));
    }

    private static Verdict Decide(ClusterSnapshot snapshot) => snapshot.Policies.Decide(new ConnectionFacts(
        Direction.Ingress,
        snapshot.FindWorkload(Ip("10.0.0.1"))!.Identity,
        snapshot.FindWorkload(Ip("10.0.0.2"))!.Identity,
        TransportProtocol.Tcp,
        80,
        PeerAuthentication.Unauthenticated));
}
