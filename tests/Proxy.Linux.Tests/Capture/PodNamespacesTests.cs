using System.Collections.Concurrent;
using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Kernel;
using Proxy.Linux.Tests.Kernel;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Policy.Labels;
using Proxy.Spiffe;

namespace Proxy.Linux.Tests.Capture;

public sealed class PodNamespacesTests : IDisposable
{
    private readonly TestPods _pods = new();
    private readonly ConcurrentQueue<string> _log = [];
    private OpenPod _open = (_, _) => Task.FromResult<IAsyncDisposable>(new Nothing());

    [Fact]
    public async Task A_pod_whose_namespace_holds_its_address_is_captured()
    {
        using var home = NetworkNamespace.Current();

        Assert.True(await Make(home).ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString())), CancellationToken.None));

        Assert.Contains("NODE_PROXY_", _pods.InPod("iptables-save"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_of_others_in_the_namespace_are_left_alone_and_told()
    {
        using var home = NetworkNamespace.Current();
        _pods.InPod("iptables-legacy -t raw -A PREROUTING -p tcp --dport 25 -j DROP");

        Assert.True(await Make(home).ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString())), CancellationToken.None));

        Assert.Contains(_log, line => line.Contains("has rules of others, left alone: iptables-legacy -t raw PREROUTING", StringComparison.Ordinal));
        Assert.Contains("--dport 25 -j DROP", _pods.InPod("iptables-legacy-save"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_that_names_the_namespace_of_another_pod_leaves_that_pod_alone()
    {
        using var home = NetworkNamespace.Current();
        var namespaces = Make(home);

        Assert.False(await namespaces.ReconcileAsync(Cluster(Pod("thief", "10.99.0.77")), CancellationToken.None));

        Assert.Contains("none of its addresses", Assert.Single(namespaces.Faults).Value, StringComparison.Ordinal);
        Assert.DoesNotContain("NODE_PROXY_", _pods.InPod("iptables-save"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_that_names_the_nodes_own_namespace_does_not_close_the_node()
    {
        using var home = NetworkNamespace.Open(_pods.Pod);
        var namespaces = Make(home);

        Assert.False(await namespaces.ReconcileAsync(Cluster(Pod("thief", TestPods.PodIPv4.ToString())), CancellationToken.None));

        Assert.Contains("the node's own", Assert.Single(namespaces.Faults).Value, StringComparison.Ordinal);
        Assert.DoesNotContain("NODE_PROXY_", _pods.InPod("iptables-save"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_that_cannot_be_removed_are_told_and_do_not_end_the_process()
    {
        using var home = NetworkNamespace.Current();
        var namespaces = Make(home);
        var pod = Pod("one", TestPods.PodIPv4.ToString());
        await namespaces.ReconcileAsync(Cluster(pod), CancellationToken.None);
        // A rule of somebody else keeps a chain of ours in use.
        _pods.InPod("iptables -t raw -A PREROUTING -p tcp -m set --match-set NODE_PROXY_IN4 src,dst -j ACCEPT");

        Assert.True(await namespaces.ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString(), EnrolmentMode.Disabled)), CancellationToken.None));

        Assert.Contains(_log, line => line.Contains("cannot be removed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rules_that_an_earlier_process_left_to_a_pod_no_longer_enrolled_are_removed()
    {
        using var home = NetworkNamespace.Current();
        await Make(home).ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString())), CancellationToken.None);

        await Make(home).ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString(), EnrolmentMode.Disabled)), CancellationToken.None);

        Assert.DoesNotContain("NODE_PROXY_", _pods.InPod("iptables-save"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rules_of_a_neighbour_are_not_removed_for_a_pod_that_names_its_namespace()
    {
        using var home = NetworkNamespace.Current();
        await Make(home).ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString())), CancellationToken.None);

        await Make(home).ReconcileAsync(Cluster(Pod("thief", "10.99.0.77", EnrolmentMode.Disabled)), CancellationToken.None);

        Assert.Contains("NODE_PROXY_", _pods.InPod("iptables-save"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rules_go_with_the_enrolment_unless_another_pod_claims_the_address(bool isDisputed)
    {
        using var home = NetworkNamespace.Current();
        var namespaces = Make(home);
        await namespaces.ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString())), CancellationToken.None);

        await namespaces.ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString(), EnrolmentMode.Disabled, isDisputed)), CancellationToken.None);

        Assert.Equal(isDisputed, _pods.InPod("iptables-save").Contains("NODE_PROXY_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_rules_of_a_captured_pod_follow_its_exclusions()
    {
        using var home = NetworkNamespace.Current();
        var namespaces = Make(home);
        await namespaces.ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString(), excluded: 9000)), CancellationToken.None);
        Assert.Contains("--dports 9000 ", _pods.InPod("ip6tables-save"), StringComparison.Ordinal);

        Assert.True(await namespaces.ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString(), excluded: 9001)), CancellationToken.None));
        Assert.Contains("--dports 9001 ", _pods.InPod("ip6tables-save"), StringComparison.Ordinal);
        Assert.DoesNotContain("9000", _pods.InPod("ip6tables-save"), StringComparison.Ordinal);

        Assert.True(await namespaces.ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString())), CancellationToken.None));
        Assert.DoesNotContain("excluded", _pods.InPod("ip6tables-save"), StringComparison.Ordinal);
        Assert.Equal(2, _log.Count(line => line.Contains("other exclusions", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_nobody_expects_concerns_its_own_pod_only_and_is_tried_again()
    {
        using var home = NetworkNamespace.Current();
        using var others = new TestPods();
        var opened = new ConcurrentQueue<string>();
        var isBroken = true;
        _open = (pod, _) =>
        {
            if (isBroken && pod.Workload.Name == "broken")
                throw new InvalidOperationException("a bug");
            opened.Enqueue(pod.Workload.Name);
            return Task.FromResult<IAsyncDisposable>(new Nothing());
        };
        var namespaces = Make(home);
        var cluster = Cluster(Pod("broken", TestPods.PodIPv4.ToString()), Pod("other", TestPods.PodIPv4.ToString(), place: others.Pod));

        Assert.False(await namespaces.ReconcileAsync(cluster, CancellationToken.None));
        Assert.Equal("InvalidOperationException: a bug", Assert.Single(namespaces.Faults).Value);
        Assert.Contains(_log, line => line.Contains("trying again: System.InvalidOperationException: a bug", StringComparison.Ordinal));
        Assert.Equal(["other"], opened);

        isBroken = false;
        Assert.True(await namespaces.ReconcileAsync(cluster, CancellationToken.None));
        Assert.Empty(namespaces.Faults);
        Assert.Equal(["other", "broken"], opened);
    }

    [Fact]
    public async Task A_new_pod_is_captured_before_the_exclusions_of_another_are_changed()
    {
        using var home = NetworkNamespace.Current();
        using var others = new TestPods();
        var namespaces = Make(home);
        await namespaces.ReconcileAsync(Cluster(Pod("one", TestPods.PodIPv4.ToString())), CancellationToken.None);
        var before = "";
        _open = (_, _) =>
        {
            before = _pods.InPod("iptables-save");
            return Task.FromResult<IAsyncDisposable>(new Nothing());
        };

        Assert.True(await namespaces.ReconcileAsync(
            Cluster(Pod("one", TestPods.PodIPv4.ToString(), excluded: 9000), Pod("new", TestPods.PodIPv4.ToString(), place: others.Pod)),
            CancellationToken.None));

        Assert.Contains("NODE_PROXY_", before, StringComparison.Ordinal);
        Assert.DoesNotContain("--dports 9000 ", before, StringComparison.Ordinal);
        Assert.Contains("--dports 9000 ", _pods.InPod("iptables-save"), StringComparison.Ordinal);
    }

    public void Dispose() => _pods.Dispose();

    private PodNamespaces Make(NetworkNamespace home)
    {
        var options = new CaptureOptions();
        return new PodNamespaces("node", new CaptureRules(options), home, options.ProxyMark, new LocalPods(), (pod, stop) => _open(pod, stop), TimeProvider.System, _log.Enqueue);
    }

    private Workload Pod(string name, string address, EnrolmentMode mode = EnrolmentMode.Enabled, bool isDisputed = false, ushort excluded = 0, string? place = null) => new()
    {
        Uid = name,
        Namespace = "default",
        Name = name,
        ServiceAccount = "default",
        NodeName = "node",
        Addresses = [Address.TryParse(address, out var parsed) ? parsed : default],
        Labels = new Dictionary<string, string>(),
        Mode = mode,
        IsHostNetwork = false,
        NetworkNamespace = place ?? _pods.Pod,
        Identity = Identity.ForPod("default", "default", [], []),
        ExpectedId = SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/default"),
        Owners = [],
        IsDisputed = isDisputed,
        Exclusions = new Exclusions { InboundPorts = excluded == 0 ? [] : [new PortRange(excluded, excluded)] },
    };

    private static ClusterSnapshot Cluster(params Workload[] pods) => new() { Workloads = pods };

    private sealed class Nothing : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => default;
    }
}
