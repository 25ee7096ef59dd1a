using Proxy.Kernel;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>A node that changes its variant of iptables while rules stand.</summary>
public sealed class OtherVariantTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void What_the_other_variant_left_is_noticed_and_removed_and_the_way_back_is_kept(string variant)
    {
        using var pods = new TestPods();
        pods.InPod("sysctl -q -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.lo.rp_filter=0");
        var before = CaptureRulesTests.Snapshot(pods);
        var rules = new CaptureRules(TestVariants.Options(variant));
        new CaptureRules(TestVariants.Options(TestVariants.OtherThan(variant))).Apply(pods.PodNamespace);
        Assert.Equal(2, rules.Verify(pods.PodNamespace).Count(fault => fault.Contains("of an earlier time", StringComparison.Ordinal)));
        rules.Apply(pods.PodNamespace);
        Assert.Empty(rules.Verify(pods.PodNamespace));
        Assert.DoesNotContain("NODE_PROXY", SaveAll(pods, TestVariants.OtherThan(variant)), StringComparison.Ordinal);
        rules.Remove(pods.PodNamespace);
        Assert.Equal(before, CaptureRulesTests.Snapshot(pods));
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Removing_removes_what_either_variant_made(string variant)
    {
        using var pods = new TestPods();
        var before = CaptureRulesTests.Snapshot(pods);
        new CaptureRules(TestVariants.Options(TestVariants.OtherThan(variant))).Apply(pods.PodNamespace);
        new CaptureRules(TestVariants.Options(variant)).Remove(pods.PodNamespace);
        Assert.Equal(before, CaptureRulesTests.Snapshot(pods));
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void Looking_makes_no_tables_of_the_other_variant(string variant)
    {
        using var pods = new TestPods();
        var rules = new CaptureRules(TestVariants.Options(variant));
        rules.Apply(pods.PodNamespace);
        rules.Show(pods.PodNamespace);
        rules.Remove(pods.PodNamespace);
        var tools = new NamespaceTools(pods.PodNamespace, CaptureTools.Find(IptablesVariant.Nft, ToolPath.OfProcess));
        Assert.Equal(variant == "legacy", tools.ReadLegacyTables(CaptureFamily.IPv4).Count > 0);
        Assert.Equal(variant == "legacy", tools.ReadLegacyTables(CaptureFamily.IPv6).Count > 0);
        Assert.Equal(variant == "nft", SaveAll(pods, "nft").Contains('*', StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task While_both_stand_connections_are_captured_once(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        var options = TestVariants.Options(variant);
        new CaptureRules(TestVariants.Options(TestVariants.OtherThan(variant))).Apply(pods.PodNamespace);
        var (tools, steps) = StepsTo(pods, options);
        foreach (var step in steps.Where(step => !step.Input.Contains("-X ", StringComparison.Ordinal)))
            CaptureRules.Run(tools, step);
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var relay = new TestRelay(pods.PodNamespace, options);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        Assert.Equal("hello", await TestClient.EchoAsync(pods.PodNamespace, TestPods.FarAddress(ipv4), 80, Patience));
        Assert.Equal("hello", await TestClient.EchoAsync(pods.FarNamespace, TestPods.PodAddress(ipv4), 80, Patience));
        Assert.Equal([true, false], relay.Seen.Select(seen => seen.IsOutbound));
        Assert.Equal(4, judge.Asked.Count);
    }

    [Theory]
    [MemberData(nameof(TestVariants.AndFamilies), MemberType = typeof(TestVariants))]
    public async Task Interrupted_at_any_step_of_the_change_the_pod_is_closed(string variant, bool ipv4)
    {
        using var pods = new TestPods();
        using var judge = new TestJudge(pods.PodNamespace, _ => true);
        using var far = new TestServer(pods.FarNamespace, ipv4);
        using var near = new TestServer(pods.PodNamespace, ipv4);
        new CaptureRules(TestVariants.Options(TestVariants.OtherThan(variant))).Apply(pods.PodNamespace);
        var (tools, steps) = StepsTo(pods, TestVariants.Options(variant));
        foreach (var step in steps)
        {
            CaptureRules.Run(tools, step);
            await CaptureTests.AssertClosedAsync(pods, ipv4, far, near, $"changed as far as {step}");
        }
    }

    // As after an upgrade that took the other variant's programs away.
    [Fact]
    public void What_cannot_be_seen_is_said_and_does_not_stop_capture_but_is_not_called_removed()
    {
        using var pods = new TestPods();
        using var programs = TestTools.Complete();
        programs.Remove(TestTools.Names("legacy"));
        new CaptureRules(TestVariants.Options("legacy")).Apply(pods.PodNamespace);
        var rules = new CaptureRules(new CaptureOptions(), CaptureTools.Find(null, programs.Path));
        Assert.Contains(rules.Apply(pods.PodNamespace), line => line.StartsWith("iptables-legacy has tables here (", StringComparison.Ordinal));
        var error = Assert.Throws<CaptureException>(() => rules.Remove(pods.PodNamespace));
        Assert.Contains("a rule still names the set", error.Message, StringComparison.Ordinal);
    }

    private static (NamespaceTools Tools, IReadOnlyList<CaptureStep> Steps) StepsTo(TestPods pods, CaptureOptions options)
    {
        var tools = new NamespaceTools(pods.PodNamespace, CaptureTools.Find(options.Iptables, ToolPath.OfProcess));
        return (tools, [.. new CapturePlan(options, CaptureFindings.Read(tools, options)).Apply()]);
    }

    private static string SaveAll(TestPods pods, string variant) => pods.InPod($"iptables-{variant}-save") + pods.InPod($"ip6tables-{variant}-save");
}
