using System.Net;
using Proxy.Kernel;

namespace Proxy.Linux.Tests.Kernel;

public sealed class ForeignRulesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // What applies to one variant's rules applies to the other's: all are passed by every packet.
    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Rules_of_others_that_may_disturb_are_said_one_by_one_whichever_variant_made_them(string variant)
    {
        using var pods = new TestPods();
        string[] tools = ["iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy"];
        foreach (var tool in tools)
            AddForeign(pods, tool);
        var said = new CaptureRules(TestVariants.Options(variant)).Apply(pods.PodNamespace);
        Assert.Equal(12, said.Count(line => line.Contains(" -t ", StringComparison.Ordinal)));
        Assert.Equal("and 12 more like these", said[12]);
        Assert.Equal("rules that do nothing to captured TCP: 12", said[13]);
        Assert.Equal(14, said.Count);
        Assert.Contains($"iptables-{variant} -t raw PREROUTING: \"-p tcp -m tcp --dport 99 -j DROP\" may drop what capture lets pass", said);
        Assert.Contains($"iptables-{variant} -t mangle OTHERS: \"-j MARK --set-xmark 0x1/0xffffffff\" changes bits of the mark that are ours; give other marks (--mark-mask)", said);
        Assert.Contains($"iptables-{variant} -t mangle PREROUTING: \"-p tcp -m tcp --dport 98 -j TPROXY --on-port 1 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0\" may hand captured connections to another proxy", said);
        Assert.Contains($"iptables-{variant} -t nat OUTPUT: \"-p tcp -j REDIRECT --to-ports 15099\" does nothing to captured TCP, which is not tracked", said);
        Assert.Contains($"iptables-{variant} -t filter OUTPUT: policy DROP also drops what capture lets pass", said);
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void A_rule_of_others_is_said_and_stays_though_its_comment_names_a_chain_of_ours_that_is_not_there(string variant)
    {
        using var pods = new TestPods();
        pods.InPod($"iptables-{variant} -t raw -A OUTPUT -p tcp --dport 96 -m comment --comment NODE_PROXY_ELSEWHERE -j DROP");
        var rules = new CaptureRules(TestVariants.Options(variant));
        Assert.Contains("--dport 96", Assert.Single(rules.Apply(pods.PodNamespace)), StringComparison.Ordinal);
        rules.Remove(pods.PodNamespace);
        Assert.Contains("--dport 96", pods.InPod($"iptables-{variant}-save -t raw"), StringComparison.Ordinal);
    }

    [Fact]
    public void Routing_rules_and_tables_of_nft_that_are_not_ours_are_said()
    {
        Assert.SkipUnless(ToolPath.OfProcess.Find("nft") is not null, "nft is not installed");
        using var pods = new TestPods();
        pods.InPod("nft add table inet others");
        pods.InPod("ip rule add priority 77 fwmark 0x1/0x1 lookup 100");
        var said = new CaptureRules(new CaptureOptions()).Apply(pods.PodNamespace);
        Assert.Contains(said, line => line.StartsWith("IPv4: routing rules before ours: 77:", StringComparison.Ordinal));
        Assert.Contains("nft: tables that iptables does not show: inet others", said);
    }

    [Fact]
    public void Where_there_is_nothing_of_others_nothing_is_said()
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(new CaptureOptions());
        Assert.Empty(rules.Apply(pods.PodNamespace));
        Assert.Empty(rules.Apply(pods.PodNamespace));
        Assert.DoesNotContain("of others", rules.Show(pods.PodNamespace), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task A_redirect_of_another_proxy_does_not_take_what_is_captured(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        foreach (var foreign in (string[])["nft", "legacy"])
        {
            pods.InPod($"{(ipv4 ? "iptables" : "ip6tables")}-{foreign} -t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 15099");
            pods.InPod($"{(ipv4 ? "iptables" : "ip6tables")}-{foreign} -t nat -A PREROUTING -p tcp -j REDIRECT --to-ports 15098");
        }
        var options = TestVariants.Options(variant);
        new CaptureRules(options).Apply(pods.PodNamespace);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var relay = new TestRelay(pods.PodNamespace, options);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        Assert.Equal("hello", await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, Patience));
        Assert.Equal("hello", await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, Patience));
        Assert.Equal([new IPEndPoint(TestPods.FarAddress(ipv4), 80), new IPEndPoint(TestPods.PodAddress(ipv4), 80)], relay.Seen.Select(seen => seen.Destination));
    }

    // iptables cannot print a table in which nft has put what iptables does not know, ours in it included.
    [Fact]
    public void What_cannot_be_found_for_removal_is_said_and_the_pod_is_not_called_free()
    {
        Assert.SkipUnless(ToolPath.OfProcess.Find("nft") is not null, "nft is not installed");
        using var pods = new TestPods();
        pods.InPod("nft add table ip mangle");
        pods.InPod("nft add chain ip mangle OTHERS");
        pods.InPod("nft add rule ip mangle OTHERS meta mark set ct mark");
        var rules = new CaptureRules(TestVariants.Options("nft"));
        rules.Remove(pods.PodNamespace);
        const string Unreadable = "iptables-nft -t mangle: somebody filled the table with nft, so that iptables cannot show it";
        Assert.Contains(Unreadable, rules.Apply(pods.PodNamespace));
        Assert.Contains(Unreadable, Assert.Throws<CaptureException>(() => rules.Remove(pods.PodNamespace)).Message, StringComparison.Ordinal);
    }

    // For each tool six that are said and three that are not.
    private static void AddForeign(TestPods pods, string tool)
    {
        pods.InPod($"{tool} -t raw -A PREROUTING -p tcp --dport 99 -j DROP");
        pods.InPod($"{tool} -t mangle -A PREROUTING -p tcp --dport 98 -j TPROXY --on-port 1");
        pods.InPod($"{tool} -t mangle -N OTHERS");
        pods.InPod($"{tool} -t mangle -A OUTPUT -j OTHERS");
        pods.InPod($"{tool} -t mangle -A OTHERS -j MARK --set-mark 0x1");
        pods.InPod($"{tool} -t mangle -A OTHERS -j MARK --set-xmark 0x1/0x1");
        pods.InPod($"{tool} -t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 15099");
        pods.InPod($"{tool} -A INPUT -p tcp --dport 97 -j REJECT");
        pods.InPod($"{tool} -A INPUT -p udp -j DROP");
        pods.InPod($"{tool} -A INPUT -p tcp -j ACCEPT");
        pods.InPod($"{tool} -P OUTPUT DROP");
    }
}
