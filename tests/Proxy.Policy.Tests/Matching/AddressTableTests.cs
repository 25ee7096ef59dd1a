using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

public sealed class AddressTableTests
{
    private static readonly PolicyContext Context = new()
    {
        CidrGroups =
        [
            new CidrGroup("partners", LabelSet.Of(("k8s", "tier", "gold")), [Draft.CidrOf("203.0.113.0/24")], []),
            new CidrGroup("guests", LabelSet.Of(("k8s", "tier", "gold")), [Draft.CidrOf("198.51.100.0/24")], []),
            new CidrGroup("broken", LabelSet.Empty, [], [new ManifestFault("f", 1, 1, "", "spec.externalCIDRs[0]", "broken", "")]),
        ],
        Services =
        [
            new PolicyService("default", "fighters", LabelSet.Of(("k8s", "tier", "gold")), new Dictionary<string, string> { ["class"] = "tiefighter" }, []),
            new PolicyService("default", "external", LabelSet.Empty, null, [Draft.CidrOf("203.0.113.7/32")]),
            new PolicyService("other", "fighters", LabelSet.Of(("k8s", "tier", "gold")), new Dictionary<string, string> { ["class"] = "tiefighter" }, []),
        ],
    };

    [Theory]
    [InlineData("inside", "cidr:10.0.0.0/8", "world", "10.1.2.3", true)]
    [InlineData("outside", "cidr:10.0.0.0/8", "world", "11.1.2.3", false)]
    [InlineData("first", "cidr:10.0.0.0/8", "world", "10.0.0.0", true)]
    [InlineData("last", "cidr:10.0.0.0/8", "world", "10.255.255.255", true)]
    [InlineData("host bits written", "cidr:10.1.2.3/8", "world", "10.200.0.0", true)]
    [InlineData("pods never", "cidr:0.0.0.0/0", "tie", "10.1.2.3", false)]
    [InlineData("nodes never", "cidr:0.0.0.0/0", "remote-node", "10.1.2.3", false)]
    [InlineData("the unknown never", "cidr:0.0.0.0/0", "unknown", "10.1.2.3", false)]
    [InlineData("the world always", "cidr:0.0.0.0/0", "world", "10.1.2.3", true)]
    [InlineData("the other family", "cidr:0.0.0.0/0", "world", "fd00::1", false)]
    [InlineData("the other family, back", "cidr6:::/0", "world", "10.1.2.3", false)]
    [InlineData("IPv6", "cidr6:fd00::/8", "world", "fd12::1", true)]
    [InlineData("except", "cidr:10.0.0.0/8-10.96.0.0/12", "world", "10.100.0.1", false)]
    [InlineData("beside except", "cidr:10.0.0.0/8-10.96.0.0/12", "world", "10.95.255.255", true)]
    [InlineData("behind except", "cidr:10.0.0.0/8-10.96.0.0/12", "world", "10.112.0.0", true)]
    [InlineData("an exception carves its own entry only", "cidr:10.0.0.0/8-10.96.0.0/12,10.96.0.1/32", "world", "10.96.0.1", true)]
    [InlineData("and not its neighbours", "cidr:10.0.0.0/8-10.96.0.0/12,10.96.0.1/32", "world", "10.96.0.2", false)]
    [InlineData("group by name", "group:partners", "world", "203.0.113.9", true)]
    [InlineData("not the other group", "group:partners", "world", "198.51.100.9", false)]
    [InlineData("groups by label", "groups:gold", "world", "198.51.100.9", true)]
    [InlineData("groups of another label", "groups:silver", "world", "198.51.100.9", false)]
    [InlineData("a group that is missing", "group:nowhere", "world", "203.0.113.9", false)]
    [InlineData("a group that is refused", "group:broken", "world", "203.0.113.9", false)]
    [InlineData("service without selector", "service:external", "world", "203.0.113.7", true)]
    [InlineData("beside its endpoint", "service:external", "world", "203.0.113.8", false)]
    [InlineData("service with selector", "service:fighters", "tie", "10.1.2.3", true)]
    [InlineData("another pod", "service:fighters", "xw", "10.1.2.3", false)]
    [InlineData("its namespace only", "service:fighters", "elsewhere", "10.1.2.3", false)]
    [InlineData("services by label, in every namespace", "services:gold", "elsewhere", "10.1.2.3", true)]
    [InlineData("a service that is missing", "service:nowhere", "tie", "10.1.2.3", false)]
    public void Peers_by_address_and_service(string row, string peers, string peer, string address, bool isCovered)
    {
        var allowing = Draft.SnapshotWith(Context, $"egress {peers} 80");
        var denying = Draft.SnapshotWith(Context, $"egress any *; deny {peers} 80");

        Assert.True(isCovered == Ask(allowing, peer, address).IsAllowed, row);
        if (peers is not ("group:nowhere" or "group:broken"))
            Assert.True(isCovered == (Ask(denying, peer, address).Reason == VerdictReason.Denied), row);
    }

    [Theory]
    [InlineData("group:broken")]
    [InlineData("group:nowhere")]
    public void A_deny_that_names_an_unreadable_group_may_mean_any_address(string peers)
    {
        var snapshot = Draft.SnapshotWith(Context, $"egress any *; deny {peers} 80");

        Assert.Equal(VerdictReason.Denied, Ask(snapshot, "world", "203.0.113.9").Reason);
        Assert.Equal(VerdictReason.Denied, Ask(snapshot, "world", "fd00::1").Reason);
        Assert.True(Ask(snapshot, "tie", "10.1.2.3").IsAllowed);
    }

    [Theory]
    [InlineData("metadata.labels.tier", VerdictReason.Denied)]
    [InlineData("", VerdictReason.Denied)]
    [InlineData("spec.externalCIDRs[0]", VerdictReason.Allowed)]
    public void A_deny_by_label_may_mean_a_group_whose_labels_cannot_be_read(string faulty, VerdictReason expected)
    {
        var group = new CidrGroup("odd", LabelSet.Empty, [], [new ManifestFault("f", 1, 1, "", faulty, "broken", "")]);
        var context = Context with { CidrGroups = [group] };

        Assert.Equal(expected, Ask(Draft.SnapshotWith(context, "egress any *; deny groups:gold 80"), "world", "203.0.113.9").Reason);
        Assert.False(Ask(Draft.SnapshotWith(context, "egress groups:gold 80"), "world", "203.0.113.9").IsAllowed);
    }

    [Fact]
    public void A_wide_deny_beats_a_single_address()
    {
        var snapshot = Draft.Snapshot("cidr:10.1.2.3/32 *; deny cidr:10.0.0.0/8 *");

        Assert.Equal(VerdictReason.Denied, Ask(snapshot, "world", "10.1.2.3", Direction.Ingress).Reason);
    }

    [Fact]
    public void A_hundred_thousand_exceptions_are_carved_out_in_passing()
    {
        var except = string.Join('-', Enumerable.Range(0, 100_000).Select(i => $"10.{i >> 15}.{(i >> 7) & 255}.{(i & 127) * 2}/32"));
        var snapshot = Draft.Snapshot($"egress cidr:10.0.0.0/8-{except} 80");

        Assert.False(Ask(snapshot, "world", "10.1.3.2").IsAllowed);
        Assert.True(Ask(snapshot, "world", "10.1.3.3").IsAllowed);
    }

    [Fact]
    public void Addresses_that_no_rule_tells_apart_share_an_answer()
    {
        var snapshot = Draft.Snapshot("egress cidr:10.0.0.0/8-10.96.0.0/12 80");

        Assert.Same(Ask(snapshot, "world", "10.0.0.1"), Ask(snapshot, "world", "10.250.0.1"));
        Assert.Same(Ask(snapshot, "world", "10.96.0.1"), Ask(snapshot, "world", "fd00::1"));
        Assert.NotSame(Ask(snapshot, "world", "10.0.0.1"), Ask(snapshot, "world", "11.0.0.1"));
        Assert.Same(Ask(snapshot, "tie", "10.0.0.1"), Ask(snapshot, "tie", "11.0.0.1"));
    }

    [Fact]
    public void Who_tries_every_address_and_port_fills_no_memory()
    {
        var snapshot = Draft.Snapshot("egress cidr:10.0.0.0/8-10.96.0.0/12 80", "egress cidr:10.96.0.1/32 *");
        var answers = new HashSet<Verdict>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < 100_000; i++)
        {
            var address = new Address(((UInt128)0xffff << 32) | ((uint)i * 42_949u));
            answers.Add(snapshot.Decide(new ConnectionFacts(Direction.Egress, DeathStar, Identity.World, TransportProtocol.Tcp, (ushort)i, default) { PeerAddress = address }));
        }

        Assert.InRange(answers.Count, 2, 8);
    }

    private static Verdict Ask(PolicySnapshot snapshot, string peer, string address, Direction direction = Direction.Egress)
    {
        Assert.True(Address.TryParse(address, out var parsed));
        return snapshot.Decide(new ConnectionFacts(direction, DeathStar, Named(peer), TransportProtocol.Tcp, 80, default) { PeerAddress = parsed });
    }
}
