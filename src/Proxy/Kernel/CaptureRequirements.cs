using Proxy.Native;

namespace Proxy.Kernel;

/// <summary>What the machine must have for capture, found out by making the rules in a namespace that is thrown away.</summary>
internal static class CaptureRequirements
{
    public const string HowToInstall = "apt install iptables ipset iproute2";

    private static readonly string[] Tools =
        ["iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore", "ipset", "ip"];

    /// <summary>What each needs of the kernel: a rule that uses nothing else, and the option or module it comes from.</summary>
    private static readonly (string Table, string Rule, string Needs)[] Probes =
    [
        ("raw", "OUTPUT -p tcp -j CT --notrack", "xt_CT (CONFIG_NETFILTER_XT_TARGET_CT)"),
        ("raw", "OUTPUT -p tcp -j NFQUEUE --queue-num 1", "xt_NFQUEUE, nfnetlink_queue (CONFIG_NETFILTER_XT_TARGET_NFQUEUE)"),
        ("mangle", "OUTPUT -p tcp -j MARK --set-xmark 0x1/0x1", "xt_mark (CONFIG_NETFILTER_XT_MARK)"),
        ("mangle", "PREROUTING -p tcp -m socket --restore-skmark", "xt_socket (CONFIG_NETFILTER_XT_MATCH_SOCKET)"),
        ("mangle", "PREROUTING -p tcp -j TPROXY --on-port 1 --tproxy-mark 0x1/0x1", "xt_TPROXY (CONFIG_NETFILTER_XT_TARGET_TPROXY)"),
        ("filter", "OUTPUT -m addrtype --dst-type LOCAL -m comment --comment probe", "xt_addrtype, xt_comment"),
    ];

    /// <summary>What is missing, one sentence each, with what to install; empty: everything is there.</summary>
    public static IReadOnlyList<string> Check()
    {
        var missing = Tools.Where(tool => !IsInPath(tool)).ToArray();
        if (missing.Length > 0)
            return [$"not installed: {string.Join(", ", missing)} ({HowToInstall})"];
        try
        {
            using var sample = NetworkNamespace.CreateTransient();
            return Try(sample);
        }
        catch (IOException e)
        {
            return [$"network namespaces cannot be made: {e.Message}; capture needs CAP_SYS_ADMIN and CAP_NET_ADMIN"];
        }
    }

    private static List<string> Try(NetworkNamespace sample)
    {
        try
        {
            new CaptureRules(new CaptureOptions()).Apply(sample);
            return [];
        }
        catch (CaptureException e)
        {
            var tools = new NamespaceTools(sample);
            List<string> faults = [.. MissingFeatures(tools)];
            return faults.Count > 0 ? faults : [e.Message];
        }
    }

    private static IEnumerable<string> MissingFeatures(NamespaceTools tools)
    {
        foreach (var family in (CaptureFamily[])[CaptureFamily.IPv4, CaptureFamily.IPv6])
        {
            foreach (var (table, rule, needs) in Probes)
            {
                var result = tools.Run(family.Tool, ["-t", table, "-A", .. rule.Split(' ')]);
                if (!result.Succeeded)
                    yield return $"the kernel lacks {needs} for {family.Name}: {family.Tool} says \"{result.Error.Split('\n')[0]}\"";
            }
        }
        var set = tools.Run("ipset", ["create", "probe", "hash:ip,port", "timeout", "1"]);
        if (!set.Succeeded)
            yield return $"the kernel lacks ip_set_hash_ipport, xt_set: ipset says \"{set.Error}\"";
    }

    private static bool IsInPath(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, tool)));
}
