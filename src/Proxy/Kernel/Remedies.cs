namespace Proxy.Kernel;

/// <summary>What the tools' errors mean, and what to do about them.</summary>
internal static class Remedies
{
    private const string Capability = "the process needs CAP_NET_ADMIN and CAP_SYS_ADMIN in the user namespace that owns this network namespace";

    private const string NoSocket = "Failed to initialize nft";
    private const string NoSubsystem = "rule set generation id: Invalid argument";
    private const string NoNftables = "the kernel has no nf_tables: modprobe nf_tables, or use --iptables legacy";

    private static readonly (string Says, string Remedy)[] Known =
    [
        ("you must be root", Capability),
        ("Operation not permitted", Capability),
        (NoSocket, NoNftables),
        (NoSubsystem, NoNftables),
        ("CHAIN_ADD failed", "the kernel lacks nf_tables' chains of this kind: modprobe nf_tables nft_compat, or use --iptables legacy"),
        ("Table does not exist", "the kernel has no such table of iptables-legacy: modprobe iptable_raw iptable_mangle, and the same with ip6table_"),
        ("unable to initialize table", $"the kernel has no such table of iptables-legacy (modprobe iptable_raw iptable_mangle, and the same with ip6table_), or {Capability}"),
        ("missing kernel module", "the kernel lacks this extension: modprobe it under the name xt_ and what the message names, with iptables-nft nft_compat too, or use a kernel that has it"),
        ("RULE_APPEND failed (No such file", "the kernel lacks an extension that the rules use, or the bridge to it: modprobe nft_compat"),
        ("No chain/target/match by that name", "the kernel lacks an extension that the rules use; `node-proxy run` names it at its start"),
        ("Couldn't load", "this installation of iptables lacks an extension: install the whole package iptables"),
        ("incompatible, use 'nft'", "somebody filled the table with nft: remove those rules, or use --iptables legacy"),
        ("xtables lock", "another program holds /run/xtables.lock: find it with fuser /run/xtables.lock"),
        ("can't open lock file", "iptables-legacy must be able to write /run/xtables.lock: make /run writable, or set XTABLES_LOCKFILE to a file that is"),
        ("Resource temporarily unavailable", "another program changed the table at the same moment; share /run/xtables.lock with those that do"),
        ("Cannot open session to kernel", "the kernel has no ipset: modprobe ip_set"),
        ("set type not supported", "the kernel lacks this type of ipset: modprobe ip_set_hash_ipport"),
        ("in use by a kernel component", "a rule still names the set: one of others, or one that a variant of iptables made which is not installed here"),
        ("Address family not supported", "the kernel has no such address family: boot with IPv6, or take it out of the pod with net.ipv6.conf.all.disable_ipv6"),
        ("Operation not supported", "the kernel lacks policy routing (CONFIG_IP_MULTIPLE_TABLES, CONFIG_IPV6_MULTIPLE_TABLES) or nf_tables' tables of this family"),
    ];

    /// <summary>Whether iptables-nft failed because the kernel has nothing that it could show.</summary>
    public static bool SaysNoNftables(string error) =>
        error.Contains(NoSocket, StringComparison.Ordinal) || error.Contains(NoSubsystem, StringComparison.Ordinal);

    /// <summary>An error in one line, with what to do about it where that is known.</summary>
    public static string Explain(string error)
    {
        var line = string.Join(' ', error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        var remedy = Known.FirstOrDefault(known => line.Contains(known.Says, StringComparison.Ordinal)).Remedy;
        return remedy is null ? line : $"{line} ({remedy})";
    }

    /// <summary>Programs that are not installed, and the packages that hold them.</summary>
    public static string NotInstalled(IEnumerable<string> tools) => "not installed: "
        + string.Join("; ", tools.GroupBy(PackageOf).Select(package => $"{string.Join(", ", package)} (install the package {package.Key})"));

    private static string PackageOf(string tool) => tool switch
    {
        "ipset" => "ipset",
        "ip" => "iproute2",
        _ => "iptables",
    };
}
