using Proxy.Kernel;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>The order of the rules: what a packet of an established connection does not pay for, and where each path ends.</summary>
public sealed class CaptureRuleSetTests
{
    private static readonly string[] Lookups = ["-m addrtype", "-m socket", "-m set"];

    private readonly CaptureRuleSet rules = new(new CaptureOptions(), CaptureFamily.IPv4);

    [Fact]
    public void On_its_way_out_an_established_connection_needs_no_lookup()
    {
        Assert.DoesNotContain(Chain("mangle", "OUTPUT").Rules, IsLookup);
        Assert.DoesNotContain(Chain("mangle", "POSTROUTING").Rules, IsLookup);
        var raw = Chain("raw", "OUTPUT").Rules;
        var ends = raw.Index().Single(rule => rule.Item is { Target: "-j RETURN", Match: $"-p tcp {CaptureRuleSet.NotSyn}" }).Index;
        Assert.DoesNotContain(raw.Take(ends), IsLookup);
    }

    [Fact]
    public void A_packet_of_the_proxys_own_connection_meets_its_rule_first_and_pays_for_one_lookup()
    {
        var arriving = Chain("mangle", "PREROUTING").Rules[0];
        Assert.StartsWith($"! -i lo -p tcp {CaptureRuleSet.NotSyn} -m socket --restore-skmark -m mark --mark", arriving.Match, StringComparison.Ordinal);
        Assert.Equal("-j NODE_PROXY_DIVERT", arriving.Target);
        Assert.DoesNotContain(Chain("mangle", "DIVERT").Rules, IsLookup);
        foreach (var met in (CaptureRule[])[arriving, .. Chain("mangle", "DIVERT").Rules, Chain("raw", "PREROUTING").Rules.Single(rule => rule.Target == "-j CT --notrack")])
            Assert.Empty(met.Purpose);
    }

    [Theory]
    [InlineData("raw", "OUTPUT", "-p tcp -m mark --mark 0x1000000/0xf000000", "-p tcp -m mark ! --mark 0x1000000/0xf000000")]
    [InlineData("raw", "PREROUTING", "! -i lo -p tcp")]
    [InlineData("mangle", "OUTPUT", "-p tcp -m mark ! --mark 0x1000000/0xf000000", "! -p tcp")]
    [InlineData("mangle", "POSTROUTING", "-p tcp -m mark ! --mark 0x1000000/0xf000000", "! -p tcp")]
    [InlineData("mangle", "PREROUTING", "! -i lo -p tcp", "-i lo -p tcp -m mark ! --mark 0x1000000/0xf000000", "! -p tcp")]
    [InlineData("mangle", "INPUT", "-i lo -p tcp -m mark ! --mark 0x1000000/0xf000000", "! -i lo -p tcp -m mark ! --mark 0x2000000/0xf000000", "! -p tcp")]
    public void What_the_proxy_sends_goes_the_way_of_no_chain(string table, string hook, params string[] entries) =>
        Assert.Equal(entries, Chain(table, hook).Entries.Select(entry => entry.Match));

    [Fact]
    public void On_the_loopback_only_what_was_captured_needs_a_lookup_and_one_alone()
    {
        var lookups = Chain("mangle", "PREROUTING").Rules.Where(rule => rule.Match.StartsWith("-i lo", StringComparison.Ordinal) && rule.Match.Contains("-m socket", StringComparison.Ordinal));
        Assert.Single(lookups);
        Assert.DoesNotContain(Chain("mangle", "OWN").Rules, IsLookup);
    }

    [Fact]
    public void Every_path_ends_in_a_drop()
    {
        foreach (var (table, chain) in ((string, string)[])[("mangle", "PREROUTING"), ("mangle", "POSTROUTING"), ("mangle", "INPUT")])
        {
            var last = Chain(table, chain).Rules.Last(rule => rule.Match.Contains("-p tcp", StringComparison.Ordinal) && !rule.Match.Contains("! -p tcp", StringComparison.Ordinal));
            Assert.Equal(("-p tcp", "-j DROP"), (last.Match, last.Target));
        }
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Rules_of_an_older_form_are_noticed_and_made_again(string variant)
    {
        using var pods = new TestPods();
        var capture = new CaptureRules(TestVariants.Options(variant));
        capture.Apply(pods.PodNamespace);
        var tool = $"iptables-{variant} -t mangle";
        pods.InPod($"{tool} -F NODE_PROXY_OWN");
        pods.InPod($"{tool} -A NODE_PROXY_OWN -m socket --restore-skmark -m comment --comment whose");
        pods.InPod($"{tool} -R NODE_PROXY_OUTPUT 1 -p tcp -m addrtype --dst-type LOCAL -m comment --comment local -j RETURN");
        Assert.Contains("routed to this pod itself\" is missing", string.Join('\n', capture.Verify(pods.PodNamespace)), StringComparison.Ordinal);
        capture.Apply(pods.PodNamespace);
        Assert.Empty(capture.Verify(pods.PodNamespace));
        Assert.DoesNotContain("comment local", pods.InPod($"iptables-{variant}-save -t mangle"), StringComparison.Ordinal);
    }

    private CaptureChain Chain(string table, string name) => rules.All.Single(chain => chain.Table == table && chain.Name == CaptureRuleSet.Prefix + name);

    private static bool IsLookup(CaptureRule rule) => Lookups.Any(lookup => rule.Match.Contains(lookup, StringComparison.Ordinal));
}
