using Proxy.Cluster;
using Proxy.Policy;

using static Proxy.Tests.Cluster.LiveManifests;

namespace Proxy.Tests.Cluster;

public sealed class ExternalWorkloadTests
{
    private const string Spec = "{addresses: [192.0.2.1], spiffeId: spiffe://example.org/db, tls: spiffe}";

    [Fact]
    public async Task A_machine_becomes_a_workload_with_identity_and_expected_ID()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Enrolled, """
            apiVersion: node-proxy.dev/v1alpha1
            kind: ExternalWorkload
            metadata:
              name: ledger
              namespace: default
              labels: {app: ledger, example.org/tier: data}
            spec:
              addresses: [192.0.2.1, "2001:db8::1"]
              spiffeId: spiffe://example.org/legacy/ledger
              tls: spiffe
              ports:
                - {name: sql, port: 5432}
                - {name: dns, protocol: UDP, port: 53}
            """);

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Faults);
        var machine = Assert.Single(snapshot.Workloads);
        Assert.Same(machine, snapshot.FindWorkload(Ip("192.0.2.1")));
        Assert.Same(machine, snapshot.FindWorkload(Ip("2001:db8::1")));
        Assert.Equal("default/ledger", machine.ToString());
        Assert.Equal("spiffe://example.org/legacy/ledger", machine.ExpectedId.ToString());
        Assert.Equal(WireForm.MutualTls, machine.WireFormAt(5432));
        Assert.True(machine.ProvesItself);
        Assert.False(machine.IsEnrolled);
        Assert.Equal((true, false, true, false), (
            machine.Offers(TransportProtocol.Tcp, 5432), machine.Offers(TransportProtocol.Tcp, 53),
            machine.Offers(TransportProtocol.Udp, 53), machine.Offers(TransportProtocol.Udp, 5432)));
        Assert.True(machine.Offers(TransportProtocol.Icmp, 8));
        Assert.True(machine.Ports.TryFind(TransportProtocol.Tcp, "sql", out var port) && port == 5432);
        Assert.Equal(
            [
                "k8s:app=ledger", "k8s:example.org/tier=data", "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=default",
                "k8s:io.cilium.k8s.namespace.labels.team=ships",
                "k8s:io.cilium.k8s.policy.cluster=default", "k8s:io.kubernetes.pod.namespace=default",
            ],
            machine.Identity.Labels.Texts);
        Assert.Empty(snapshot.LocalTo("node1"));
    }

    [Theory]
    [InlineData("node-proxy", "spiffeId: spiffe://example.org/db, ", WireForm.Tunnels, true)]
    [InlineData("spiffe", "spiffeId: spiffe://example.org/db, ", WireForm.MutualTls, true)]
    [InlineData("none", "", WireForm.Plaintext, false)]
    public async Task What_it_speaks_is_its_own_word(string tls, string id, object form, bool provesItself)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("db.yaml", Document($"{{addresses: [192.0.2.1], {id}tls: {tls}}}"));

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Faults);
        var machine = Assert.Single(snapshot.Workloads);
        Assert.Equal((form, provesItself), (machine.WireFormAt(1), machine.ProvesItself));
    }

    [Theory]
    [InlineData("{}", "spec", "addresses are missing")]
    [InlineData("{addresses: , spiffeId: spiffe://a/b, tls: spiffe}", "spec", "addresses are missing")]
    [InlineData("{addresses: [], spiffeId: spiffe://a/b, tls: spiffe}", "spec", "addresses are missing")]
    [InlineData("{addresses: 192.0.2.1, spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses", "must be a list")]
    [InlineData("{addresses: [{ip: 192.0.2.1}], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "must be a single value")]
    [InlineData("{addresses: [192.0.2.300], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "must be an IP address")]
    [InlineData("{addresses: [192.0.2.0/24], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "must be an IP address")]
    [InlineData("{addresses: [db.example.org], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "must be an IP address")]
    [InlineData("{addresses: [192.0.2.1, 192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[1]", "listed twice")]
    [InlineData("{addresses: [127.0.0.1], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "loopback")]
    [InlineData("{addresses: ['::1'], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "loopback")]
    [InlineData("{addresses: ['::ffff:127.0.0.1'], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "loopback")]
    [InlineData("{addresses: [169.254.7.1], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "link-local")]
    [InlineData("{addresses: ['fe80::1'], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "link-local")]
    [InlineData("{addresses: [224.0.0.1], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "group")]
    [InlineData("{addresses: ['ff02::1'], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "group")]
    [InlineData("{addresses: [255.255.255.255], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "broadcast")]
    [InlineData("{addresses: [0.0.0.0], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "no machine's")]
    [InlineData("{addresses: ['::'], spiffeId: spiffe://a/b, tls: spiffe}", "spec.addresses[0]", "unspecified")]
    [InlineData("{addresses: [192.0.2.1], tls: spiffe}", "spec", "spiffeId is missing")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: , tls: node-proxy}", "spec", "spiffeId is missing")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: [a], tls: spiffe}", "spec.spiffeId", "must be a single value")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: example.org/db, tls: spiffe}", "spec.spiffeId", "not a SPIFFE ID (WrongScheme)")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://Example.org/db, tls: spiffe}", "spec.spiffeId", "not a SPIFFE ID")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://example.org/db/, tls: spiffe}", "spec.spiffeId", "not a SPIFFE ID")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://example.org, tls: spiffe}", "spec.spiffeId", "the ID of a trust domain")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: none}", "spec.spiffeId", "nobody proves an ID")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b}", "spec", "tls is missing")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: }", "spec", "tls is missing")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: Spiffe}", "spec.tls", "must be node-proxy, spiffe or none", "did you mean 'spiffe'?")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: mutual}", "spec.tls", "must be node-proxy, spiffe or none")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: [spiffe]}", "spec.tls", "must be a single value")]
    [InlineData("{addresses: [192.0.2.1], spiffeID: spiffe://a/b, spiffeId: spiffe://a/b, tls: spiffe}", "spec.spiffeID", "unknown key 'spiffeID'", "did you mean 'spiffeId'?")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, labels: {app: db}}", "spec.labels", "unknown key", "labels belong under metadata")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: []}", "spec.ports", "an empty list offers no port")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: {port: 1}}", "spec.ports", "must be a list")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: [80]}", "spec.ports[0]", "must be a mapping")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: [{name: a}]}", "spec.ports[0]", "the port is missing")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: [{port: 0}]}", "spec.ports[0].port", "from 1 to 65535")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: [{port: 80, targetPort: 81}]}", "spec.ports[0].targetPort", "unknown key")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: [{port: 80, protocol: tcp}]}", "spec.ports[0].protocol", "TCP, UDP or SCTP")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: [{port: 80, name: Web}]}", "spec.ports[0].name", "not a port's name")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: [{port: 80}, {port: 80}]}", "spec.ports[1]", "listed twice")]
    [InlineData("{addresses: [192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe, ports: [{port: 80, name: a}, {port: 81, name: a}]}", "spec.ports[1]", "listed twice")]
    [InlineData("[192.0.2.1]", "spec", "must be a mapping")]
    public async Task What_is_wrong_with_the_spec_is_told_with_its_place(string spec, string path, string reason, string hint = "")
    {
        await using var manifests = new LiveManifests();
        manifests.Put("db.yaml", Document(spec));

        var snapshot = await manifests.StartAsync();

        var fault = snapshot.Faults.First(fault => fault.Path == path && fault.Reason.Contains(reason, StringComparison.Ordinal));
        Assert.Equal((manifests.PathOf("db.yaml"), 4, "ExternalWorkload default/db"), (fault.File, fault.Line, fault.Document));
        Assert.True(fault.Column > 1);
        Assert.Contains(hint, fault.Hint, StringComparison.Ordinal);
        Assert.Empty(snapshot.Workloads);
    }

    [Theory]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {namespace: default}\nspec: " + Spec, "metadata.name is missing")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: Db}\nspec: " + Spec, "must be a name")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db, namespace: ../x}\nspec: " + Spec, "must be a name")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db, label: {a: b}}\nspec: " + Spec, "unknown key 'label'")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db, labels: [a]}\nspec: " + Spec, "must be a mapping")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db, labels: {'a b': c}}\nspec: " + Spec, "not a label's key")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db, labels: {a: 'b c'}}\nspec: " + Spec, "not a label's value")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db, annotations: {node-proxy.dev/mode: disabled}}\nspec: " + Spec, "the annotation has no meaning")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db}\ntls: spiffe\nspec: " + Spec, "unknown key 'tls'")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db}\naddresses: [192.0.2.1]", "the spec is missing")]
    [InlineData("apiVersion: node-proxy.dev/v1\nkind: ExternalWorkload\nmetadata: {name: db}\nspec: " + Spec, "not a version")]
    [InlineData("apiVersion: node-proxi.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db}\nspec: " + Spec, "not a version")]
    [InlineData("apiVersion: v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db}\nspec: " + Spec, "not a version")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkloads\nmetadata: {name: db}\nspec: " + Spec, "not a kind")]
    [InlineData("apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db}\nspec: " + Spec + "\nspec: {}", "the key is written twice")]
    public async Task What_is_wrong_around_the_spec_refuses_it_too(string document, string reason)
    {
        await using var manifests = new LiveManifests();
        manifests.Put("db.yaml", document);

        var snapshot = await manifests.StartAsync();

        Assert.Contains(snapshot.Faults, fault => fault.Reason.Contains(reason, StringComparison.Ordinal));
        Assert.Empty(snapshot.Workloads);
        if (document.Contains("spec: " + Spec, StringComparison.Ordinal) && !document.Contains("spec: {}", StringComparison.Ordinal))
            AssertClosed(snapshot, "192.0.2.1");
    }

    [Fact]
    public async Task The_addresses_of_a_refused_machine_are_nobodys_and_not_outside()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("db.yaml", Document("{addresses: [192.0.2.1, nowhere, '2001:db8::1'], spiffeId: spiffe://a/b, tls: spiffe}"));

        var snapshot = await manifests.StartAsync();

        AssertClosed(snapshot, "192.0.2.1");
        AssertClosed(snapshot, "2001:db8::1");
        Assert.False(snapshot.IsPodAddress(Ip("192.0.2.2")));
    }

    [Fact]
    public async Task A_machine_that_breaks_keeps_its_last_good_version_and_what_it_would_add_is_closed()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("db.yaml", Document(Spec));
        var good = await manifests.StartAsync();

        manifests.Put("db.yaml", Document("{addresses: [192.0.2.1, 192.0.2.2], spiffeId: spiffe://example.org/db, tls: plain}"));
        var kept = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 1);
        Assert.Same(good.FindWorkload(Ip("192.0.2.1")), kept.FindWorkload(Ip("192.0.2.1")));
        AssertClosed(kept, "192.0.2.2");

        manifests.Put("db.yaml", Document("{addresses: [192.0.2.2], spiffeId: spiffe://example.org/db, tls: spiffe}"));
        var repaired = await manifests.UntilAsync(snapshot => snapshot.Faults.Count == 0);
        Assert.NotNull(repaired.FindWorkload(Ip("192.0.2.2")));
        Assert.False(repaired.IsPodAddress(Ip("192.0.2.1")));

        manifests.Delete("db.yaml");
        Assert.Empty((await manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 0)).RefusedAddresses);
    }

    [Fact]
    public async Task A_file_that_never_could_be_read_closes_the_addresses_of_its_machines()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("db.yaml", $"{Document("{addresses: [192.0.2.1, \"2001:db8::1\"], tls: [")}\n---\nkind: Pod\nstatus: {{podIP: 192.0.2.9}}");

        var snapshot = await manifests.StartAsync();

        AssertClosed(snapshot, "192.0.2.1");
        AssertClosed(snapshot, "2001:db8::1");
        Assert.Contains("192.0.2.1, 2001:db8::1 can neither be reached nor reach anybody", Assert.Single(snapshot.Faults).Reason, StringComparison.Ordinal);
        Assert.False(snapshot.IsPodAddress(Ip("192.0.2.9")));
    }

    [Fact]
    public async Task An_address_that_a_pod_has_too_is_refused_for_both_and_so_are_the_machines_others()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Pod("web", "10.0.0.1"), Document("{addresses: [10.0.0.1, 192.0.2.1], spiffeId: spiffe://a/b, tls: spiffe}"));

        var snapshot = await manifests.StartAsync();

        Assert.Equal(2, snapshot.Faults.Count);
        Assert.Contains(snapshot.Faults, fault => fault.Reason.Contains("address 10.0.0.1 is also that of ExternalWorkload default/db", StringComparison.Ordinal));
        Assert.Contains(snapshot.Faults, fault => fault.Document == "ExternalWorkload default/db" && fault.Reason.Contains("default/web", StringComparison.Ordinal));
        AssertClosed(snapshot, "10.0.0.1");
        AssertClosed(snapshot, "192.0.2.1");
        Assert.All(snapshot.Workloads, workload => Assert.True(workload.IsDisputed));
    }

    [Fact]
    public async Task An_address_of_two_machines_or_of_a_node_is_refused()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            Document(Spec),
            Document(Spec, "other"),
            Document("{addresses: [192.0.2.7], spiffeId: spiffe://a/b, tls: spiffe}", "node"),
            "{apiVersion: v1, kind: Node, metadata: {name: node1}, status: {addresses: [{type: InternalIP, address: 192.0.2.7}]}}");

        var snapshot = await manifests.StartAsync();

        Assert.Equal(3, snapshot.Faults.Count);
        Assert.Contains(snapshot.Faults, fault => fault.Reason.Contains("is that of node node1", StringComparison.Ordinal));
        AssertClosed(snapshot, "192.0.2.1");
        AssertClosed(snapshot, "192.0.2.7");
    }

    [Fact]
    public async Task A_pod_and_a_machine_may_share_a_name_and_stay_what_they_are()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Pod("db", "10.0.0.1"), Document(Spec));
        var first = await manifests.StartAsync();
        Assert.Empty(first.Faults);
        Assert.Equal(2, first.Workloads.DistinctBy(workload => workload.Uid).Count());

        manifests.Put("more.yaml", Manifests.Pod("web", "10.0.0.2"));
        var second = await manifests.UntilAsync(snapshot => snapshot.Workloads.Count == 3);
        Assert.Same(first.FindWorkload(Ip("192.0.2.1")), second.FindWorkload(Ip("192.0.2.1")));
        Assert.Same(first.FindWorkload(Ip("10.0.0.1")), second.FindWorkload(Ip("10.0.0.1")));

        manifests.Put("all.yaml", Manifests.Pod("db", "10.0.0.1"), Document(Spec.Replace("spiffe}", "node-proxy}", StringComparison.Ordinal)));
        var third = await manifests.UntilAsync(snapshot => snapshot.FindWorkload(Ip("192.0.2.1"))?.WireFormAt(1) == WireForm.Tunnels);
        Assert.NotSame(second.FindWorkload(Ip("192.0.2.1")), third.FindWorkload(Ip("192.0.2.1")));
        Assert.Equal(second.FindWorkload(Ip("192.0.2.1"))!.Uid, third.FindWorkload(Ip("192.0.2.1"))!.Uid);
    }

    [Fact]
    public async Task Kinds_of_the_same_name_in_other_groups_are_none_of_ours()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("db.yaml", Document(Spec).Replace("node-proxy.dev/v1alpha1", "workload.linkerd.io/v1beta1", StringComparison.Ordinal));

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Faults);
        Assert.False(snapshot.IsPodAddress(Ip("192.0.2.1")));
        Assert.Contains(manifests.Log, line => line.Contains("kind workload.linkerd.io/v1beta1 ExternalWorkload is ignored", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_services_selector_chooses_pods_only_and_a_slice_names_whom_it_wants()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            Document(Spec),
            Manifests.Service("selects", "10.96.0.1", "[{port: 80}]", "selector: {app: db}"),
            Manifests.Service("named", "10.96.0.2", "[{port: 80}]"),
            Manifests.Slice("named-1", "named", "[{addresses: [192.0.2.1]}]", "[{port: 5432}]"));

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.FindService(Ip("10.96.0.1"), 80)!.Endpoints);
        Assert.Equal(new ServiceEndpoint(Ip("192.0.2.1"), 5432), Assert.Single(snapshot.FindService(Ip("10.96.0.2"), 80)!.Endpoints));
    }

    private static string Document(string spec, string name = "db") =>
        $"apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {{name: {name}, namespace: default, labels: {{app: db}}}}\nspec: {spec}";

    private static void AssertClosed(ClusterSnapshot snapshot, string address)
    {
        Assert.Null(snapshot.FindWorkload(Ip(address)));
        Assert.True(snapshot.IsPodAddress(Ip(address)));
    }
}
