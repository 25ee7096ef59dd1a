using Proxy.Kernel;

namespace Proxy.Linux.Tests.Kernel;

public sealed class CaptureRulesTests
{
    private readonly CaptureRules rules = new(new CaptureOptions());

    // A thread that the pool starts from within a pod's namespace would stay there, and so would what it makes.
    [Fact]
    public void No_thread_stays_in_the_namespace_of_the_pod()
    {
        using var pods = new TestPods();
        rules.Apply(pods.PodNamespace);

        var threads = Directory.EnumerateDirectories("/proc/self/task").Select(thread => new FileInfo($"{thread}/ns/net").LinkTarget);

        Assert.DoesNotContain($"net:[{pods.PodNamespace.Inode}]", threads);
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Applying_twice_is_applying_once(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        rules.Apply(pods.PodNamespace);
        var once = Snapshot(pods);
        rules.Apply(pods.PodNamespace);
        Assert.Equal(once, Snapshot(pods));
        Assert.Empty(rules.Verify(pods.PodNamespace));
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Removing_leaves_what_is_not_ours_as_it_was(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        foreach (var tool in (string[])["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"])
        {
            pods.InPod($"{tool} -t mangle -A OUTPUT -p tcp -m comment --comment foreign -j ACCEPT");
            pods.InPod($"{tool} -t raw -N NODE_OTHER");
            pods.InPod($"{tool} -t raw -A PREROUTING -p udp -j NODE_OTHER");
            pods.InPod($"{tool} -t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 15001");
            pods.InPod($"{tool} -A INPUT -p sctp -j DROP");
        }
        pods.InPod("ipset create foreign hash:ip");
        pods.InPod("ip rule add priority 77 fwmark 0x1/0x1 lookup 100");
        pods.InPod("ip route add local 192.0.2.0/24 dev lo table 100");
        pods.InPod("sysctl -q -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.lo.rp_filter=0");
        var before = Snapshot(pods);
        rules.Apply(pods.PodNamespace);
        rules.Apply(pods.PodNamespace);
        Assert.NotEqual(before, Snapshot(pods));
        Assert.DoesNotContain(before.Split('\n').Except(Snapshot(pods).Split('\n')), line => !line.StartsWith("net.ipv4", StringComparison.Ordinal));
        rules.Remove(pods.PodNamespace);
        Assert.Equal(before, Snapshot(pods));
        rules.Remove(pods.PodNamespace);
        Assert.Equal(before, Snapshot(pods));
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void A_jump_behind_a_foreign_rule_is_noticed_and_put_first(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        rules.Apply(pods.PodNamespace);
        var before = Snapshot(pods);
        foreach (var place in (int[])[1, 2])
        {
            pods.InPod($"iptables-{variant} -t mangle -I POSTROUTING {place} -j ACCEPT");
            Assert.Contains("NODE_PROXY_POSTROUTING is missing or not the first", Assert.Single(rules.Verify(pods.PodNamespace)), StringComparison.Ordinal);
            rules.Apply(pods.PodNamespace);
            Assert.Empty(rules.Verify(pods.PodNamespace));
            pods.InPod($"iptables-{variant} -t mangle -D POSTROUTING -j ACCEPT");
            Assert.Equal(before, Snapshot(pods));
        }
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Every_way_into_a_chain_of_ours_that_is_missing_or_changed_is_noticed_and_made_again(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        rules.Apply(pods.PodNamespace);
        var before = Snapshot(pods);
        foreach (var tool in (string[])[$"iptables-{variant}", $"ip6tables-{variant}"])
        {
            foreach (var table in (string[])["raw", "mangle"])
            {
                var entries = SavedTables.Parse([$"*{table}", .. pods.InPod($"{tool}-save -t {table}").Split('\n')]).Entries.ToArray();
                Assert.Equal(table == "raw" ? 3 : 10, entries.Length);
                foreach (var entry in entries)
                {
                    var place = 1 + entries.Where(other => other.Chain == entry.Chain).Index().Single(other => other.Item == entry).Index;
                    pods.InPod($"{tool} -t {table} -D {entry.Chain} {place}");
                    Restored(entry.Line);
                    pods.InPod($"{tool} -t {table} -I {entry.Chain} 1 -j {entry.Entered}");
                    Restored($"-j {entry.Entered} beside {entry.Line}");
                }
            }
        }

        void Restored(string what)
        {
            Assert.True(rules.Verify(pods.PodNamespace).Any(fault => fault.Contains("is missing or not the first", StringComparison.Ordinal)), what);
            rules.Apply(pods.PodNamespace);
            Assert.Equal(before, Snapshot(pods));
        }
    }

    // Who flushes a table leaves its chains behind.
    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void What_was_tracked_is_forgotten_when_the_rules_against_tracking_were_gone_and_not_otherwise(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        rules.Apply(pods.PodNamespace);
        pods.InPod($"iptables-{variant} -t mangle -F");
        Assert.DoesNotContain("conntrack -F", rules.DryRunApply(pods.PodNamespace), StringComparison.Ordinal);
        pods.InPod($"iptables-{variant} -t raw -F");
        Assert.Contains("conntrack -F", rules.DryRunApply(pods.PodNamespace), StringComparison.Ordinal);
        rules.Apply(pods.PodNamespace);
        Assert.DoesNotContain("conntrack -F", rules.DryRunApply(pods.PodNamespace), StringComparison.Ordinal);
        pods.InPod($"iptables-{variant} -t raw -D NODE_PROXY_PREROUTING -p tcp -j CT --notrack");
        Assert.Contains("conntrack -F", rules.DryRunApply(pods.PodNamespace), StringComparison.Ordinal);
        rules.Apply(pods.PodNamespace);
        pods.InPod($"ip6tables-{variant} -t raw -D OUTPUT 2");
        Assert.Contains("conntrack -F", rules.DryRunApply(pods.PodNamespace), StringComparison.Ordinal);
    }

    // Else a daemon that is upgraded cuts what goes through exclusions and outlives its restart.
    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void What_is_tracked_stays_where_the_ways_in_are_those_of_an_earlier_version(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        rules.Apply(pods.PodNamespace);
        foreach (var tool in (string[])[$"iptables-{variant}", $"ip6tables-{variant}"])
            foreach (var hook in (string[])["PREROUTING", "OUTPUT"])
            {
                pods.InPod($"{tool} -t raw -F {hook}");
                pods.InPod($"{tool} -t raw -A {hook} -j NODE_PROXY_{hook}");
            }
        Assert.NotEmpty(rules.Verify(pods.PodNamespace));
        Assert.DoesNotContain("conntrack -F", rules.DryRunApply(pods.PodNamespace), StringComparison.Ordinal);
        rules.Apply(pods.PodNamespace);
        Assert.Empty(rules.Verify(pods.PodNamespace));
        pods.InPod($"iptables-{variant} -t raw -F OUTPUT");
        pods.InPod($"iptables-{variant} -t raw -A OUTPUT -j NODE_PROXY_OUTPUT");
        pods.InPod($"iptables-{variant} -t raw -F NODE_PROXY_OUTPUT");
        Assert.Contains("conntrack -F", rules.DryRunApply(pods.PodNamespace), StringComparison.Ordinal);
    }

    // A way in that names our chain without leading there keeps no chain from being deleted.
    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void A_rule_of_ours_is_removed_though_its_chain_is_gone(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        var before = Snapshot(pods);
        rules.Apply(pods.PodNamespace);
        foreach (var change in (string[])["-D OUTPUT 2", "-F NODE_PROXY_OUTPUT", "-X NODE_PROXY_OUTPUT"])
            pods.InPod($"iptables-{variant} -t raw {change}");
        Assert.Contains("sent by the proxy", pods.InPod($"iptables-{variant}-save -t raw"), StringComparison.Ordinal);
        rules.Remove(pods.PodNamespace);
        Assert.Equal(before, Snapshot(pods));
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void A_pod_without_ipv6_is_captured(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        pods.InPod("sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1");
        rules.Apply(pods.PodNamespace);
        Assert.Empty(rules.Verify(pods.PodNamespace));
        rules.Remove(pods.PodNamespace);
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void A_dry_run_changes_nothing_and_prints_what_would_be_done(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        var before = Snapshot(pods);
        var text = rules.DryRunApply(pods.PodNamespace);
        Assert.Contains($"ip6tables-{variant}-restore --noflush", text, StringComparison.Ordinal);
        foreach (var net in (string[])["second net: nothing arrives uncaptured", "second net: nothing leaves uncaptured"])
            Assert.InRange(text.IndexOf(net, StringComparison.Ordinal), 0, text.IndexOf("-j TPROXY", StringComparison.Ordinal));
        Assert.Equal(before, Snapshot(pods));
        Assert.Empty(rules.DryRunRemove(pods.PodNamespace));
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Showing_names_what_is_missing(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        rules.Apply(pods.PodNamespace);
        Assert.Contains("capture stands", rules.Show(pods.PodNamespace), StringComparison.Ordinal);
        pods.InPod("ip -6 rule del priority 150");
        pods.InPod($"iptables-{variant} -t mangle -D NODE_PROXY_PREROUTING 10");
        var shown = rules.Show(pods.PodNamespace);
        Assert.Contains("IPv6: the routing rule for mark 0x2000000/0xf000000 is missing", shown, StringComparison.Ordinal);
        Assert.Contains("inbound capture\" is missing", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("proxy mark", 0x10u, 0x20u, 0x20u)]
    [InlineData("divert mark", 0x10u, 0u, 0xf0u)]
    [InlineData("leave bits to others", 0x10u, 0x20u, 0xffffffffu)]
    [InlineData("must differ", 0x10u, 0x10u, 0xf0u)]
    public void Marks_that_do_not_separate_are_refused(string reason, uint proxy, uint divert, uint mask)
    {
        var error = Assert.Throws<ArgumentException>(() => new CaptureRules(new CaptureOptions { ProxyMark = proxy, DivertMark = divert, Mask = mask }));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    // Empty built-in chains and counters are no difference, nor is a link-local address that the kernel has just found to be free.
    internal static string Snapshot(TestPods pods)
    {
        string[] commands =
        [
            "iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save", "ipset list -t", "ip -4 rule", "ip -6 rule", "ip -4 route show table all",
            "ip -6 route show table all", "sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.lo.rp_filter net.ipv4.conf.lo.accept_local",
        ];
        return string.Join('\n', commands.Select(pods.InPod).SelectMany(text => text.Split('\n'))
            .Select(line => System.Text.RegularExpressions.Regex.Replace(line, @"\[\d+:\d+\]", "").TrimEnd())
            .Where(line => !line.Contains("fe80::", StringComparison.Ordinal) && !line.StartsWith('#') && !line.StartsWith('*') && line != "COMMIT" && line.Length > 0
                && !(line.StartsWith(':') && line.EndsWith(" ACCEPT", StringComparison.Ordinal)) && !line.StartsWith("Size in memory", StringComparison.Ordinal)
                && !line.StartsWith("Header", StringComparison.Ordinal) && !line.StartsWith("References", StringComparison.Ordinal)));
    }
}
