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
    private readonly List<string> _log = [];

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

    public void Dispose() => _pods.Dispose();

    private PodNamespaces Make(NetworkNamespace home)
    {
        var options = new CaptureOptions();
        return new PodNamespaces("node", new CaptureRules(options), home, options.ProxyMark, new LocalPods(), (_, _) => Task.FromResult<IAsyncDisposable>(new Nothing()), _log.Add);
    }

    private Workload Pod(string name, string address, EnrolmentMode mode = EnrolmentMode.Enabled, bool isDisputed = false) => new()
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
        NetworkNamespace = _pods.Pod,
        Identity = Identity.ForPod("default", "default", [], []),
        ExpectedId = SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/default"),
        Owners = [],
        IsDisputed = isDisputed,
    };

    private static ClusterSnapshot Cluster(Workload pod) => new() { Workloads = [pod] };

    private sealed class Nothing : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => default;
    }
}
