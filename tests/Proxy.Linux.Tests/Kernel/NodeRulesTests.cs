using System.Net;
using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Kernel;
using Proxy.Policy;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>The node's own rules, in a namespace that stands for the node's.</summary>
public sealed class NodeRulesTests
{
    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Applying_twice_is_applying_once_and_leaves_what_is_not_ours(string variant)
    {
        using var pods = new TestPods();
        pods.InPod($"iptables-{variant} -t nat -A POSTROUTING -p tcp -m comment --comment foreign -j MASQUERADE");
        var rules = Rules(variant);
        rules.Apply(pods.PodNamespace, Addresses("10.0.0.1", "fd00::1"));
        var once = Saved(pods, variant);
        rules.Apply(pods.PodNamespace, Addresses("10.0.0.1", "fd00::1"));
        Assert.Equal(once, Saved(pods, variant));
        Assert.Contains("--comment foreign -j MASQUERADE", once, StringComparison.Ordinal);
        Assert.True(once.IndexOf("-A POSTROUTING -j NODE_PROXY_PROBES", StringComparison.Ordinal) < once.IndexOf("foreign", StringComparison.Ordinal));

        Without(variant).Apply(pods.PodNamespace, []);

        Assert.DoesNotContain("NODE_PROXY", Saved(pods, variant), StringComparison.Ordinal);
        Assert.Contains("foreign", Saved(pods, variant), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("169.255.0.1", "fd00::1", "within 169.254.0.0/16")]
    [InlineData("169.254.0.0", "2001:db8::1", "within fc00::/7")]
    [InlineData("169.254.255.255", "fd00::5efe:a00:1", "ISATAP")]
    [InlineData("169.254.0.0", "fc00::5eff:a00:1", null)]
    [InlineData("169.254.255.255", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", null)]
    public void A_probe_source_that_rules_could_not_tell_apart_is_refused(string ipv4, string ipv6, string? reason)
    {
        var error = Record.Exception(new CaptureOptions { ProbeSourceIPv4 = IPAddress.Parse(ipv4), ProbeSourceIPv6 = IPAddress.Parse(ipv6) }.Validate);

        Assert.Equal(reason is not null, error is ArgumentException);
        Assert.Contains(reason ?? "", error?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void The_set_follows_the_pods()
    {
        using var pods = new TestPods();
        var rules = Rules("nft");
        rules.Apply(pods.PodNamespace, Addresses("10.0.0.1", "10.0.0.2", "fd00::1"));
        rules.Apply(pods.PodNamespace, Addresses("10.0.0.2", "10.0.0.3", "fd00::2"));

        Assert.Equal(["10.0.0.2", "10.0.0.3"], Members(pods, "NODE_PROXY_PODS4"));
        Assert.Equal(["fd00::2"], Members(pods, "NODE_PROXY_PODS6"));
        Assert.DoesNotContain("NEXT", pods.InPod("ipset list -n"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void What_was_made_stands_until_somebody_changes_it(string variant)
    {
        using var pods = new TestPods();
        var rules = Rules(variant);
        var addresses = Addresses("10.0.0.1", "fd00::1");
        Assert.False(rules.Stand(pods.PodNamespace, addresses));
        foreach (var change in (string[])[
            $"iptables-{variant} -t nat -F POSTROUTING",
            $"ip6tables-{variant} -t raw -F NODE_PROXY_PREROUTING",
            $"iptables-{variant} -t nat -I POSTROUTING -p tcp -j ACCEPT",
            $"iptables-{variant} -t raw -R NODE_PROXY_PREROUTING 1 -s 10.1.2.3 -m comment --comment only_this -j DROP",
            "ipset add NODE_PROXY_PODS4 10.0.0.9",
            "ipset flush NODE_PROXY_PODS6"])
        {
            rules.Apply(pods.PodNamespace, addresses);
            Assert.True(rules.Stand(pods.PodNamespace, addresses));
            Assert.False(rules.Stand(pods.PodNamespace, Addresses("10.0.0.1")));
            pods.InPod(change);
            Assert.False(rules.Stand(pods.PodNamespace, addresses), change);
        }
    }

    [Fact]
    public async Task Rules_that_stand_are_not_made_again()
    {
        using var pods = new TestPods();
        var time = new SetTime();
        var probes = new NodeProbes("node", Rules("nft"), pods.PodNamespace, time, _ => { });
        await probes.ReconcileAsync(new ClusterSnapshot());
        // The kernel numbers rules as they are made; what they have counted does not matter (-s).
        var made = pods.InPod("nft -s -a list ruleset");
        time.Minutes++;
        Assert.True(await probes.ReconcileAsync(new ClusterSnapshot()));
        Assert.Equal(made, pods.InPod("nft -s -a list ruleset"));

        pods.InPod("iptables-nft -t nat -F POSTROUTING");
        time.Minutes++;
        Assert.True(await probes.ReconcileAsync(new ClusterSnapshot()));
        Assert.Contains("-A POSTROUTING -j NODE_PROXY_PROBES", pods.InPod("iptables-nft-save"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_family_without_probe_source_has_no_rules()
    {
        using var pods = new TestPods();
        Rules("nft").Apply(pods.PodNamespace, []);
        new NodeRules(TestVariants.Options("nft") with { ProbeSourceIPv6 = null }, Tools("nft")).Apply(pods.PodNamespace, []);

        Assert.Contains("NODE_PROXY", pods.InPod("iptables-nft-save"), StringComparison.Ordinal);
        Assert.DoesNotContain("NODE_PROXY", pods.InPod("ip6tables-nft-save"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    public void An_address_that_others_may_have_is_refused_as_probe_source(string address) =>
        Assert.Throws<ArgumentException>(() => (new CaptureOptions() with { ProbeSourceIPv4 = IPAddress.Parse(address) }).Validate());

    private static NodeRules Rules(string variant) => new(TestVariants.Options(variant), Tools(variant));

    private static NodeRules Without(string variant) =>
        new(TestVariants.Options(variant) with { ProbeSourceIPv4 = null, ProbeSourceIPv6 = null }, Tools(variant));

    private static CaptureTools Tools(string variant) => CaptureTools.Find(TestVariants.Options(variant).Iptables, ToolPath.OfProcess);

    private static Address[] Addresses(params string[] texts) => [.. texts.Select(text => Address.From(IPAddress.Parse(text)))];

    private static string Saved(TestPods pods, string variant) => string.Join('\n',
        (pods.InPod($"iptables-{variant}-save") + pods.InPod($"ip6tables-{variant}-save")).Split('\n').Where(line => line.StartsWith("-A", StringComparison.Ordinal)));

    private static string[] Members(TestPods pods, string set) =>
        [.. pods.InPod($"ipset list {set}").Split('\n').SkipWhile(line => line != "Members:").Skip(1).Where(line => line.Length > 0).Order(StringComparer.Ordinal)];

    private sealed class SetTime : TimeProvider
    {
        internal int Minutes { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Minutes * 60L;
    }
}
