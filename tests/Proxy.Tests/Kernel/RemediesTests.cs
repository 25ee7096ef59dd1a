using Proxy.Kernel;

namespace Proxy.Tests.Kernel;

public sealed class RemediesTests
{
    // What the tools say, word for word: iptables 1.8.9, ipset 7.17, iproute2 6.1.
    [Theory]
    [InlineData("iptables-nft-save v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)", "CAP_NET_ADMIN")]
    [InlineData("iptables v1.8.9 (legacy): can't initialize iptables table `raw': Permission denied (you must be root)", "CAP_NET_ADMIN")]
    [InlineData("ipset v7.17: Kernel error received: Operation not permitted", "CAP_NET_ADMIN")]
    [InlineData("RTNETLINK answers: Operation not permitted", "CAP_NET_ADMIN")]
    [InlineData("iptables v1.8.7 (nf_tables): Could not fetch rule set generation id: Invalid argument", "modprobe nf_tables")]
    [InlineData("iptables v1.8.11 (nf_tables): CHAIN_ADD failed (No such file or directory): chain PREROUTING", "nft_compat")]
    [InlineData("Warning: Extension LED revision 0 not supported, missing kernel module?\niptables v1.8.9 (nf_tables):  RULE_APPEND failed (No such file or directory): rule in chain INPUT", "under the name xt_")]
    [InlineData("iptables: No chain/target/match by that name.", "names it at its start")]
    [InlineData("iptables v1.8.9 (legacy): can't initialize iptables table `raw': Table does not exist (do you need to insmod?)", "modprobe iptable_raw")]
    [InlineData("iptables-restore v1.8.9 (legacy): iptables-restore: unable to initialize table 'raw'", "modprobe iptable_raw")]
    [InlineData("iptables v1.8.9 (legacy): Couldn't load target `TPROXY':No such file or directory", "whole package iptables")]
    [InlineData("Fatal: can't open lock file /run/xtables.lock: Read-only file system", "XTABLES_LOCKFILE")]
    [InlineData("Can't lock /run/xtables.lock: Resource temporarily unavailable\nAnother app is currently holding the xtables lock. Stopped waiting after 10s.", "fuser")]
    [InlineData("ipset v7.17: Kernel error received: set type not supported", "modprobe ip_set_hash_ipport")]
    [InlineData("ipset v7.5: Cannot open session to kernel.", "modprobe ip_set")]
    [InlineData("ipset v7.17: Set cannot be destroyed: it is in use by a kernel component", "a rule still names the set")]
    [InlineData("RTNETLINK answers: Operation not supported", "CONFIG_IP_MULTIPLE_TABLES")]
    public void What_a_tool_says_is_kept_in_one_line_and_followed_by_what_to_do(string error, string remedy)
    {
        var explained = Remedies.Explain(error);
        Assert.StartsWith(error.Split('\n')[0] + " ", explained, StringComparison.Ordinal);
        Assert.Contains(remedy, explained, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', explained);
    }

    [Fact]
    public void What_is_not_known_is_said_as_it_is() => Assert.Equal("something else", Remedies.Explain("something else"));
}
