using Proxy.Kernel;

namespace Proxy.Linux.Tests.Kernel;

public sealed class CaptureRulesTests
{
    private readonly CaptureRules rules = new(new CaptureOptions());

    [Fact]
    public void The_machine_has_what_capture_needs() => Assert.Empty(CaptureRequirements.Check());

    // A thread that the pool starts from within a pod's namespace would stay there, and so would what it makes.
    [Fact]
    public void No_thread_stays_in_the_namespace_of_the_pod()
    {
        using var pods = new TestPods();
        rules.Apply(pods.PodNamespace);

        var threads = Directory.EnumerateDirectories("/proc/self/task").Select(thread => new FileInfo($"{thread}/ns/net").LinkTarget);

        Assert.DoesNotContain($"net:[{pods.PodNamespace.Inode}]", threads);
    }

    [Fact]
    public void Applying_twice_is_applying_once()
    {
        using var pods = new TestPods();
        rules.Apply(pods.PodNamespace);
        var once = Snapshot(pods);
        rules.Apply(pods.PodNamespace);
        Assert.Equal(once, Snapshot(pods));
        Assert.Empty(rules.Verify(pods.PodNamespace));
    }

    [Fact]
    public void Removing_leaves_what_is_not_ours_as_it_was()
    {
        using var pods = new TestPods();
        foreach (var tool in (string[])["iptables", "ip6tables"])
        {
            pods.InPod($"{tool} -t mangle -A OUTPUT -p tcp -m comment --comment foreign -j ACCEPT");
            pods.InPod($"{tool} -t raw -N NODE_OTHER");
            pods.InPod($"{tool} -t raw -A PREROUTING -p udp -j NODE_OTHER");
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
        rules.Remove(pods.PodNamespace);
        Assert.Equal(before, Snapshot(pods));
        rules.Remove(pods.PodNamespace);
        Assert.Equal(before, Snapshot(pods));
    }

    [Fact]
    public void A_jump_behind_a_foreign_rule_is_noticed_and_put_first()
    {
        using var pods = new TestPods();
        rules.Apply(pods.PodNamespace);
        pods.InPod("iptables -t mangle -I POSTROUTING 1 -j ACCEPT");
        Assert.Contains("NODE_PROXY_POSTROUTING is missing or not the first", Assert.Single(rules.Verify(pods.PodNamespace)), StringComparison.Ordinal);
        rules.Apply(pods.PodNamespace);
        Assert.Empty(rules.Verify(pods.PodNamespace));
        Assert.Single(pods.InPod("iptables-save -t mangle").Split('\n'), line => line.StartsWith("-A POSTROUTING -j NODE_PROXY_POSTROUTING", StringComparison.Ordinal));
    }

    [Fact]
    public void A_pod_without_ipv6_is_captured()
    {
        using var pods = new TestPods();
        pods.InPod("sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1");
        rules.Apply(pods.PodNamespace);
        Assert.Empty(rules.Verify(pods.PodNamespace));
        rules.Remove(pods.PodNamespace);
    }

    [Fact]
    public void A_dry_run_changes_nothing_and_prints_what_would_be_done()
    {
        using var pods = new TestPods();
        var before = Snapshot(pods);
        var text = rules.DryRunApply(pods.PodNamespace);
        Assert.Contains("ip6tables-restore --noflush", text, StringComparison.Ordinal);
        Assert.True(text.IndexOf("*filter", StringComparison.Ordinal) < text.IndexOf("*mangle", StringComparison.Ordinal));
        Assert.Equal(before, Snapshot(pods));
        Assert.Empty(rules.DryRunRemove(pods.PodNamespace));
    }

    [Fact]
    public void Showing_names_what_is_missing()
    {
        using var pods = new TestPods();
        rules.Apply(pods.PodNamespace);
        Assert.Contains("capture stands", rules.Show(pods.PodNamespace), StringComparison.Ordinal);
        pods.InPod("ip -6 rule del priority 150");
        pods.InPod("iptables -t mangle -D NODE_PROXY_PREROUTING 5");
        var shown = rules.Show(pods.PodNamespace);
        Assert.Contains("IPv6: the routing rule for mark 0x2000000/0xf000000 is missing", shown, StringComparison.Ordinal);
        Assert.Contains("inbound capture\" is missing", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("proxy mark", 0x10u, 0x20u, 0x20u)]
    [InlineData("divert mark", 0x10u, 0u, 0xf0u)]
    [InlineData("must differ", 0x10u, 0x10u, 0xf0u)]
    public void Marks_that_do_not_separate_are_refused(string reason, uint proxy, uint divert, uint mask)
    {
        var error = Assert.Throws<ArgumentException>(() => new CaptureRules(new CaptureOptions { ProxyMark = proxy, DivertMark = divert, Mask = mask }));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    // Empty built-in tables and counters are no difference.
    private static string Snapshot(TestPods pods)
    {
        string[] commands =
        [
            "iptables-save", "ip6tables-save", "ipset list -t", "ip -4 rule", "ip -6 rule", "ip -4 route show table all",
            "ip -6 route show table all", "sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.lo.rp_filter net.ipv4.conf.lo.accept_local",
        ];
        return string.Join('\n', commands.Select(pods.InPod).SelectMany(text => text.Split('\n'))
            .Where(line => !line.StartsWith('#') && !line.StartsWith('*') && line != "COMMIT" && line.Length > 0
                && !line.EndsWith("ACCEPT [0:0]", StringComparison.Ordinal) && !line.StartsWith("Size in memory", StringComparison.Ordinal)
                && !line.StartsWith("Header", StringComparison.Ordinal) && !line.StartsWith("References", StringComparison.Ordinal))
            .Select(line => System.Text.RegularExpressions.Regex.Replace(line, @"\[\d+:\d+\]", "")));
    }
}
