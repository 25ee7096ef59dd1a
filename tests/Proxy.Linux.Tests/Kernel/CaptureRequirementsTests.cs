using Proxy.Kernel;

namespace Proxy.Linux.Tests.Kernel;

public sealed class CaptureRequirementsTests : IDisposable
{
    private const string NoNftables = "iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Invalid argument";

    private readonly TestTools tools = TestTools.Complete();

    public CaptureRequirementsTests()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("network namespaces need root");
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void This_machine_has_what_capture_needs_with_each_variant(string variant)
    {
        var means = CaptureRequirements.Check(TestVariants.Options(variant), ToolPath.OfProcess);
        Assert.Empty(means.Missing);
        Assert.Empty(means.Notes);
        Assert.Equal($"iptables-{variant}", means.Tools!.Iptables.ToString());
        Assert.Equal($"iptables-{TestVariants.OtherThan(variant)}", means.Tools.Other!.ToString());
    }

    [Theory]
    [InlineData("ipset", "not installed: ipset (install the package ipset)")]
    [InlineData("ip", "not installed: ip (install the package iproute2)")]
    [InlineData("iptables-nft-save", "not installed: iptables-nft-save (install the package iptables)")]
    [InlineData("ip6tables-nft-restore", "not installed: ip6tables-nft-restore (install the package iptables)")]
    public void A_tool_that_is_not_installed_is_named_with_its_package(string tool, string expected)
    {
        tools.Remove(tool);
        Assert.Equal(expected, Assert.Single(Check("nft").Missing));
    }

    [Fact]
    public void Nft_comes_first_where_both_work()
    {
        Assert.Equal(IptablesVariant.Nft, Check().Tools!.Iptables.Variant);
    }

    [Fact]
    public void Where_nft_is_not_installed_legacy_is_taken_and_it_is_said_why()
    {
        tools.Remove(TestTools.Names("nft"));
        var means = Check();
        Assert.Equal(IptablesVariant.Legacy, means.Tools!.Iptables.Variant);
        Assert.Null(means.Tools.Other);
        Assert.StartsWith("iptables-legacy is used because the other variant does not work here: not installed: iptables-nft,", Assert.Single(means.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_kernel_has_no_nftables_legacy_is_taken_and_it_is_said_why()
    {
        foreach (var tool in TestTools.Names("nft"))
            tools.Fail(tool, "", NoNftables, 4);
        var means = Check();
        Assert.Equal(IptablesVariant.Legacy, means.Tools!.Iptables.Variant);
        Assert.Contains("modprobe nf_tables", Assert.Single(means.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_variant_that_was_asked_for_is_not_replaced_by_the_other()
    {
        foreach (var tool in TestTools.Names("nft"))
            tools.Fail(tool, "", NoNftables, 4);
        var means = Check("nft");
        Assert.Null(means.Tools);
        Assert.Contains("iptables-nft: no table raw", means.Missing[0], StringComparison.Ordinal);
        Assert.Contains("use --iptables legacy", means.Missing[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Where_neither_is_installed_both_are_named()
    {
        tools.Remove([.. TestTools.Names("nft"), .. TestTools.Names("legacy")]);
        Assert.Collection(Check().Missing,
            nft => Assert.Contains("iptables-nft,", nft, StringComparison.Ordinal),
            legacy => Assert.Contains("iptables-legacy,", legacy, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void The_plain_programs_serve_as_the_variant_that_they_say_they_are(string variant)
    {
        tools.Remove([.. TestTools.Names("nft"), .. TestTools.Names("legacy")]);
        tools.AddPlain(variant, "iptables");
        tools.AddPlain(variant, "ip6tables");
        var means = Check();
        Assert.Equal(TestVariants.Options(variant).Iptables, means.Tools!.Iptables.Variant);
        Assert.Equal("iptables-restore", means.Tools.Iptables.Restore(CaptureFamily.IPv4));
    }

    [Fact]
    public void Plain_programs_of_two_variants_are_not_mixed()
    {
        tools.Remove([.. TestTools.Names("nft"), .. TestTools.Names("legacy")]);
        tools.AddPlain("nft", "iptables");
        tools.AddPlain("legacy", "ip6tables");
        Assert.Collection(Check().Missing,
            nft => Assert.StartsWith("not installed: ip6tables-nft, ip6tables-nft-save, ip6tables-nft-restore (", nft, StringComparison.Ordinal),
            legacy => Assert.StartsWith("not installed: iptables-legacy, iptables-legacy-save, iptables-legacy-restore (", legacy, StringComparison.Ordinal));
    }

    // The messages are those of iptables 1.8.9 on a kernel that lacks another extension.
    [Theory]
    [InlineData("-j TPROXY", "TPROXY", "xt_TPROXY")]
    [InlineData("-m socket", "socket", "xt_socket")]
    [InlineData("-j NFQUEUE", "NFQUEUE", "xt_NFQUEUE nfnetlink_queue")]
    [InlineData("-j CT", "CT", "xt_CT")]
    [InlineData("-m set", "set", "xt_set")]
    [InlineData("-m addrtype", "addrtype", "xt_addrtype")]
    [InlineData("-m multiport", "multiport", "xt_multiport")]
    [InlineData("-m conntrack", "conntrack", "xt_conntrack nf_conntrack")]
    [InlineData("-m icmp6", "icmp6", "ip6_tables")]
    public void An_extension_that_the_kernel_lacks_is_named_with_its_module(string use, string extension, string module)
    {
        foreach (var (variant, message, code) in new[]
        {
            ("nft", "ip6tables v1.8.9 (nf_tables):  RULE_APPEND failed (No such file or directory): rule in chain X", 4),
            ("legacy", "ip6tables: No chain/target/match by that name.", 1),
        })
        {
            foreach (var tool in (string[])[$"ip6tables-{variant}", $"ip6tables-{variant}-restore"])
                tools.Fail(tool, use, $"Warning: Extension {extension} revision 0 not supported, missing kernel module?\n{message}", code);
            var means = Check(variant);
            Assert.Null(means.Tools);
            Assert.StartsWith($"ip6tables-{variant} cannot use {module}: modprobe {module} (CONFIG_", Assert.Single(means.Missing), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_table_that_the_kernel_lacks_is_named_with_its_module()
    {
        tools.Fail("iptables-legacy", "-t raw", "iptables v1.8.9 (legacy): can't initialize iptables table `raw': Table does not exist (do you need to insmod?)\nPerhaps iptables or your kernel needs to be upgraded.", 3);
        tools.Fail("iptables-legacy-restore", "*raw", "iptables-restore v1.8.9 (legacy): iptables-restore: unable to initialize table 'raw'", 2);
        var missing = Assert.Single(Check("legacy").Missing);
        Assert.StartsWith("iptables-legacy: no table raw:", missing, StringComparison.Ordinal);
        Assert.Contains("modprobe iptable_raw", missing, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_of_set_that_the_kernel_lacks_is_named_with_its_module()
    {
        tools.Fail("ipset", "create", "ipset v7.17: Kernel error received: set type not supported", 1);
        Assert.Equal(2, Check("nft").Missing.Count(fault => fault.Contains("modprobe ip_set_hash_ipport", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(TestVariants.All), MemberType = typeof(TestVariants))]
    public void A_capability_that_the_process_lacks_is_named(string variant)
    {
        foreach (var tool in (string[])["ip", "ipset", .. TestTools.Names(variant)])
            tools.Disarm(tool);
        var missing = Check(variant).Missing;
        Assert.NotEmpty(missing);
        Assert.All(missing, fault => Assert.Contains("needs CAP_NET_ADMIN", fault, StringComparison.Ordinal));
    }

    public void Dispose() => tools.Dispose();

    private CaptureMeans Check(string? variant = null) =>
        CaptureRequirements.Check(variant is null ? new CaptureOptions() : TestVariants.Options(variant), tools.Path);
}
