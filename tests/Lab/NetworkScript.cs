namespace Lab;

/// <summary>What a node's network is known by.</summary>
internal sealed record NodePlace(string NetworkNamespace, string IPv4, string IPv6);

/// <summary>The network commands that nodes, pods and twins share.</summary>
internal static class NetworkScript
{
    /// <summary>Makes a namespace whose interfaces have usable addresses at once: no duplicate address detection.</summary>
    public static Task AddNamespaceAsync(string name) => Shell.ScriptAsync($"""
        # The first `ip netns add` of a machine mounts /run/netns; two at once would disturb each other.
        flock {LabDirectory.Root}/.lock ip netns add {name}
        nsenter --net=/run/netns/{name} sh -eu <<'EOF'
        echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad
        echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
        echo 0 > /proc/sys/net/ipv6/conf/default/dad_transmits
        ip link set lo up
        EOF
        """);

    /// <summary>Attaches a namespace to a node by a routed veth pair, and points the node's route for the addresses at it.</summary>
    public static Task AttachAsync(LabNode node, string name, string ip4, string ip6, string link) =>
        AttachAsync(node.Place, name, ip4, ip6, link);

    public static Task AttachAsync(NodePlace node, string name, string ip4, string ip6, string link) => Shell.ScriptAsync($"""
        ip link add {link} netns {node.NetworkNamespace} type veth peer name eth0 netns {name}
        ip -n {node.NetworkNamespace} -batch - <<'EOF'
        link set {link} up
        address add fe80::1/64 dev {link} nodad
        EOF
        ip -n {name} -batch - <<'EOF'
        link set eth0 up
        address add {ip4}/32 dev eth0
        address add {ip6}/128 dev eth0 nodad
        route add default via {node.IPv4} dev eth0 onlink
        route add default via fe80::1 dev eth0
        EOF
        """ + "\n" + RouteTo(node, ip4, ip6, link));

    /// <summary>Gives an attached namespace one more address.</summary>
    public static Task AddAddressAsync(LabNode node, string name, string address, string link)
    {
        var length = address.Contains(':', StringComparison.Ordinal) ? 128 : 32;
        return Shell.ScriptAsync($"""
            ip -n {name} address add {address}/{length} dev eth0
            ip -n {node.NetworkNamespace} route replace {address}/{length} dev {link}
            """);
    }

    public static string RouteTo(NodePlace node, string ip4, string ip6, string link) => $"""
        ip -n {node.NetworkNamespace} -batch - <<'EOF'
        route replace {ip4}/32 dev {link} src {node.IPv4}
        route replace {ip6}/128 dev {link} src {node.IPv6}
        EOF
        """;

    public static Task DetachAsync(LabNode node, string name, string link) => DetachAsync(node.Place, name, link);

    public static Task DetachAsync(NodePlace node, string name, string link) => Shell.ScriptAsync($"""
        ip -n {node.NetworkNamespace} link delete {link}
        ip netns delete {name}
        """);
}
