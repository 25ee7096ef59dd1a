using Proxy.Cluster;

using static Proxy.Tests.Cluster.LiveManifests;

namespace Proxy.Tests.Cluster;

public class ServiceTests
{
    [Fact]
    public async Task A_service_port_leads_to_the_ready_endpoints_of_its_slices_by_port_name()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            Manifests.Service("web", "10.96.0.1", "[{name: http, port: 80, targetPort: web}, {name: admin, port: 81}]"),
            Manifests.Slice(
                "web-1", "web",
                "[{addresses: [10.0.0.2]}, {addresses: [10.0.0.1], conditions: {ready: true}}, {addresses: [10.0.0.3], conditions: {ready: false}}]",
                "[{name: http, port: 8080, protocol: TCP}, {name: dns, port: 53, protocol: UDP}]"));

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Faults);
        var target = snapshot.FindService(Ip("10.96.0.1"), 80);
        Assert.Equal(("default", "web"), (target?.Namespace, target?.Name));
        Assert.Equal(
            [new ServiceEndpoint(Ip("10.0.0.1"), 8080), new ServiceEndpoint(Ip("10.0.0.2"), 8080)], target!.Endpoints);
        Assert.Empty(snapshot.FindService(Ip("10.96.0.1"), 81)!.Endpoints);
        Assert.Null(snapshot.FindService(Ip("10.96.0.1"), 8080));
        Assert.True(snapshot.IsServiceAddress(Ip("10.96.0.1")));
        Assert.False(snapshot.IsServiceAddress(Ip("10.96.0.2")));
    }

    [Fact]
    public async Task A_service_that_claims_a_pods_address_does_not_lead_its_connections_elsewhere()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            Manifests.Pod("victim", "10.0.0.1"),
            Manifests.Service("thief", "10.0.0.1", "[{port: 80}]"),
            Manifests.Slice("thief-1", "thief", "[{addresses: [10.0.0.9]}]", "[{port: 8080}]"));

        var snapshot = await manifests.StartAsync();

        Assert.Null(snapshot.FindService(Ip("10.0.0.1"), 80));
        Assert.False(snapshot.IsServiceAddress(Ip("10.0.0.1")));
        Assert.Equal("victim", snapshot.FindWorkload(Ip("10.0.0.1"))?.Name);
        Assert.Contains("is a workload's", Assert.Single(snapshot.Faults).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_cluster_address_leads_to_endpoints_of_its_own_family()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            Manifests.Service("web", "10.96.0.1", "[{port: 80}]", "clusterIPs: [10.96.0.1, 'fd96::1']"),
            Manifests.Slice("web-4", "web", "[{addresses: [10.0.0.1]}]", "[{port: 8080}]"),
            Manifests.Slice("web-6", "web", "[{addresses: ['fd00::1']}]", "[{port: 8080}]", "IPv6"));

        var snapshot = await manifests.StartAsync();

        Assert.Equal(Ip("10.0.0.1"), Assert.Single(snapshot.FindService(Ip("10.96.0.1"), 80)!.Endpoints).Address);
        Assert.Equal(Ip("fd00::1"), Assert.Single(snapshot.FindService(Ip("fd96::1"), 80)!.Endpoints).Address);
    }

    [Fact]
    public async Task Without_slices_the_selector_chooses_and_with_them_it_is_ignored()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            Manifests.Pod("web-1", "10.0.0.1"),
            Manifests.Pod("other", "10.0.0.2", labels: "{app: other}"),
            Manifests.Service("web", "10.96.0.1", "[{port: 80, targetPort: 8080}]", "selector: {app: web}"));

        var snapshot = await manifests.StartAsync();
        Assert.Equal(
            new ServiceEndpoint(Ip("10.0.0.1"), 8080), Assert.Single(snapshot.FindService(Ip("10.96.0.1"), 80)!.Endpoints));

        manifests.Put("slice.yaml", Manifests.Slice("web-x", "web", "[]", "[{port: 8080}]"));
        var after = await manifests.UntilAsync(s => s.Revision > snapshot.Revision);
        Assert.Empty(after.FindService(Ip("10.96.0.1"), 80)!.Endpoints);
    }

    [Fact]
    public async Task A_headless_service_has_no_address()
    {
        await using var manifests = new LiveManifests();
        manifests.Put("all.yaml", Manifests.Service("web", "None", "[{port: 80}]", "clusterIPs: [None]"));

        var snapshot = await manifests.StartAsync();

        Assert.Empty(snapshot.Faults);
        Assert.Empty(snapshot.ServiceAddresses);
    }

    [Fact]
    public async Task A_cluster_address_of_two_services_leads_nowhere()
    {
        await using var manifests = new LiveManifests();
        manifests.Put(
            "all.yaml",
            Manifests.Service("one", "10.96.0.1", "[{port: 80}]"),
            Manifests.Service("two", "10.96.0.1", "[{port: 81}]"));

        var snapshot = await manifests.StartAsync();

        Assert.Equal(2, snapshot.Faults.Count);
        Assert.True(snapshot.IsServiceAddress(Ip("10.96.0.1")));
        Assert.Null(snapshot.FindService(Ip("10.96.0.1"), 80));
    }

    [Fact]
    public async Task Addresses_inside_the_pod_ranges_are_pod_addresses_known_or_not()
    {
        Assert.True(Proxy.Policy.Cidr.TryParse("10.0.0.0/16", out var range));
        await using var manifests = new LiveManifests(new ClusterOptions { PodCidrs = [range] });

        var snapshot = await manifests.StartAsync();

        Assert.True(snapshot.IsPodAddress(Ip("10.0.200.1")));
        Assert.False(snapshot.IsPodAddress(Ip("10.1.0.1")));
        Assert.Null(snapshot.FindWorkload(Ip("10.0.200.1")));
    }
}
