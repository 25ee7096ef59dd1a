namespace Proxy.Kernel;

/// <summary>Asks the kernel for each thing that capture uses by itself, to name the one that it lacks.</summary>
internal static class KernelProbes
{
    private const string SampleSet = "probe";
    private const string IPv6Only = "icmp6";

    private static readonly string[] Tables = ["raw", "mangle"];

    /// <summary>A rule that uses nothing else, the modules it comes from, and their kernel option.</summary>
    private static readonly (string Table, string Rule, string Modules, string Option)[] Rules =
    [
        ("raw", "OUTPUT -p tcp -j CT --notrack", "xt_CT", "CONFIG_NETFILTER_XT_TARGET_CT"),
        ("raw", "OUTPUT -p tcp -j NFQUEUE --queue-num 1", "xt_NFQUEUE nfnetlink_queue", "CONFIG_NETFILTER_XT_TARGET_NFQUEUE"),
        ("raw", $"OUTPUT -p tcp -m set --match-set {SampleSet} dst,dst", "xt_set", "CONFIG_NETFILTER_XT_SET"),
        ("mangle", "OUTPUT -p tcp -j MARK --set-xmark 0x1/0x1", "xt_mark", "CONFIG_NETFILTER_XT_MARK"),
        ("mangle", "PREROUTING -p tcp -m socket --restore-skmark", "xt_socket", "CONFIG_NETFILTER_XT_MATCH_SOCKET"),
        ("mangle", "PREROUTING -p tcp -j TPROXY --on-port 1 --tproxy-mark 0x1/0x1", "xt_TPROXY", "CONFIG_NETFILTER_XT_TARGET_TPROXY"),
        ("mangle", "OUTPUT -p tcp -m conntrack --ctstate ESTABLISHED --ctdir REPLY", "xt_conntrack nf_conntrack", "CONFIG_NETFILTER_XT_MATCH_CONNTRACK"),
        ("mangle", $"OUTPUT -p ipv6-icmp -m {IPv6Only} --icmpv6-type 135", "ip6_tables", "CONFIG_IP6_NF_IPTABLES"),
        ("mangle", "OUTPUT -p tcp -m multiport --dports 1,2:3", "xt_multiport", "CONFIG_NETFILTER_XT_MATCH_MULTIPORT"),
        ("mangle", "OUTPUT -m addrtype --dst-type LOCAL", "xt_addrtype", "CONFIG_NETFILTER_XT_MATCH_ADDRTYPE"),
        ("mangle", "OUTPUT -m comment --comment probe", "xt_comment", "CONFIG_NETFILTER_XT_MATCH_COMMENT"),
    ];

    /// <summary>What is missing, one sentence each, with its remedy. Leaves its rules in the namespace.</summary>
    public static IReadOnlyList<string> Faults(NamespaceTools tools)
    {
        List<string> faults = [];
        foreach (var family in CaptureFamily.PresentIn(tools))
        {
            var hasSet = ProbeSet(tools, family, faults);
            foreach (var table in Tables.Where(table => ProbeTable(tools, family, table, faults)))
                ProbeRules(tools, family, table, hasSet, faults);
        }
        return faults;
    }

    private static bool ProbeSet(NamespaceTools tools, CaptureFamily family, List<string> faults)
    {
        var result = tools.Run("ipset", ["create", SetOf(family), "hash:ip,port", "family", family.SetFamily, "timeout", "1"]);
        if (!result.Succeeded)
            faults.Add($"{family.Name}: no ipset of type hash:ip,port: load ip_set_hash_ipport (CONFIG_IP_SET_HASH_IPPORT): {Remedies.Explain(result.Error)}");
        return result.Succeeded;
    }

    private static bool ProbeTable(NamespaceTools tools, CaptureFamily family, string table, List<string> faults)
    {
        var result = tools.Run(tools.Iptables.Command(family), ["-w", "10", "-t", table, "-S"]);
        if (!result.Succeeded)
            faults.Add($"{tools.Iptables.Command(family)}: no table {table}: {Remedies.Explain(result.Error)}");
        return result.Succeeded;
    }

    private static void ProbeRules(NamespaceTools tools, CaptureFamily family, string table, bool hasSet, List<string> faults)
    {
        foreach (var (_, rule, modules, option) in Rules.Where(probe => probe.Table == table))
        {
            var arguments = rule.Replace(SampleSet + " dst", SetOf(family) + " dst", StringComparison.Ordinal).Split(' ');
            if ((!hasSet && arguments.Contains(SetOf(family))) || (family == CaptureFamily.IPv4 && arguments.Contains(IPv6Only)))
                continue;
            var result = tools.Run(tools.Iptables.Command(family), ["-w", "10", "-t", table, "-A", .. arguments]);
            if (!result.Succeeded)
                faults.Add($"{tools.Iptables.Command(family)} cannot use {modules}: modprobe {modules} ({option}): {Remedies.Explain(result.Error)}");
        }
    }

    private static string SetOf(CaptureFamily family) => SampleSet + family.HostPrefix;
}
