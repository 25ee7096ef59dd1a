using Proxy.Cluster;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Policy.Labels;
using Proxy.Spiffe;

namespace Proxy.Tests.Lifetime;

public sealed class PartiesTests
{
    [Theory]
    [InlineData("one", false, "node1", true)]
    [InlineData("two", false, "node1", false)]
    [InlineData("one", true, "node1", false)]
    [InlineData("one", false, "node2", false)]
    public void A_pod_is_another_one_when_its_uid_enrolment_or_node_is(string uid, bool isEnrolled, string node, bool isSame)
    {
        var before = new Parties(new Party(default, Pod("one", false, "node1")), default, null);

        var after = before with { Client = new Party(default, Pod(uid, isEnrolled, node)) };

        Assert.Equal(isSame, after.AreSamePods(before));
        Assert.False(before.AreSamePods(default));
    }

    [Theory]
    [InlineData(80, false)]
    [InlineData(81, true)]
    public void A_server_is_reached_in_another_way_when_its_port_becomes_excluded(ushort port, bool isSame)
    {
        var server = new Party(new Endpoint(default, port), Pod("one", true, "node1"));
        var before = new Parties(default, server, null);

        var after = before with { Server = server with { Workload = Pod("one", true, "node1", new() { InboundPorts = [new PortRange(80, 80)] }) } };

        Assert.Equal(isSame, after.AreSamePods(before));
        Assert.Equal(isSame, before.AreSamePods(after));
    }

    private static Workload Pod(string uid, bool isEnrolled, string node, Exclusions? exclusions = null) => new()
    {
        Uid = uid,
        Namespace = "default",
        Name = "pod",
        ServiceAccount = "default",
        NodeName = node,
        Addresses = [],
        Labels = new Dictionary<string, string>(),
        Mode = isEnrolled ? EnrolmentMode.Enabled : EnrolmentMode.Disabled,
        IsHostNetwork = false,
        NetworkNamespace = null,
        Identity = Identity.World,
        ExpectedId = SpiffeId.Parse("spiffe://cluster.local/ns/default/sa/default"),
        Owners = [],
        Exclusions = exclusions ?? Exclusions.None,
    };
}
