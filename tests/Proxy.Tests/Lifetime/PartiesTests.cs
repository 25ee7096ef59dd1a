using Proxy.Cluster;
using Proxy.Lifetime;
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

    private static Workload Pod(string uid, bool isEnrolled, string node) => new()
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
    };
}
