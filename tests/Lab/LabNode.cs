using System.Globalization;

namespace Lab;

/// <summary>A node: a namespace that forwards for its pods and has a link to every other node.</summary>
public sealed class LabNode
{
    /// <summary>The addresses of all pods and nodes, of IPv4.</summary>
    public const string PodRange = "10.0.0.0/16";

    private readonly LabCluster lab;
    private readonly List<string> links = [];
    private readonly List<string> linkEnds = [];
    private int pods = 9;
    private int starts;

    private LabNode(LabCluster lab, string name, int number) => (this.lab, Name, Number) = (lab, name, number);

    public string Name { get; }

    public int Number { get; }

    public string NetworkNamespace => lab.Directory.NamespaceOf(Name);

    public string IPv4 => $"10.0.{Number}.1";

    public string IPv6 => $"fd00:0:0:{Number}::1";

    public IReadOnlyList<string> Links => links;

    public string RunDirectory => lab.Directory.Make(Name);

    public string ObserverSocket => Path.Combine(RunDirectory, "observer.sock");

    public LabProcess? Proxy { get; private set; }

    internal LabCluster Lab => lab;

    internal static async Task<LabNode> CreateAsync(LabCluster lab, string name, int number)
    {
        var node = new LabNode(lab, name, number);
        await NetworkScript.AddNamespaceAsync(node.NetworkNamespace);
        // Services have no route: what no proxy has taken must come back as an error, not leave the node.
        await Shell.ScriptAsync($"""
            nsenter --net=/run/netns/{node.NetworkNamespace} sh -eu <<'EOF'
            echo 1 > /proc/sys/net/ipv4/ip_forward
            echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
            echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
            echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter
            EOF
            ip -n {node.NetworkNamespace} -batch - <<'EOF'
            address add {node.IPv4}/32 dev lo
            address add {node.IPv6}/128 dev lo nodad
            route add unreachable 10.96.0.0/16
            route add unreachable fd00:96::/112
            EOF
            """);
        return node;
    }

    internal async Task JoinAsync(LabNode other)
    {
        var (here, there) = ($"link{other.Number}", $"link{Number}");
        var net = $"{other.Number}{Number}";
        var hereScript = EndScript(this, here, other, $"172.30.{net}.2", $"172.30.{net}.1", $"fd01:{net}::2", $"fd01:{net}::1");
        var thereScript = EndScript(other, there, this, $"172.30.{net}.1", $"172.30.{net}.2", $"fd01:{net}::1", $"fd01:{net}::2");
        await Shell.ScriptAsync($"""
            ip link add {here} netns {NetworkNamespace} type veth peer name {there} netns {other.NetworkNamespace}
            {hereScript}
            {thereScript}
            """);
        links.Add(here);
        other.links.Add(there);
        linkEnds.Add(hereScript);
        other.linkEnds.Add(thereScript);
    }

    /// <summary>Takes this node's end of its first link down; a capture at the other end goes on.</summary>
    public Task CutLinkAsync() => Shell.ScriptAsync($"ip -n {NetworkNamespace} link set {links[0]} down");

    /// <summary>Takes the link up again, with the addresses and routes that the kernel forgot with it.</summary>
    public Task MendLinkAsync() => Shell.ScriptAsync(linkEnds[0]);

    /// <summary>Starts the node's proxy and waits until it says that it is ready.</summary>
    public async Task<LabProcess> StartProxyAsync(params string[] arguments)
    {
        var name = $"{Name}-proxy-{Interlocked.Increment(ref starts)}";
        Proxy = LabProcess.Start(lab.Directory, name, NetworkNamespace,
        [
            .. lab.Options.ProxyEnvironment, lab.RequireNodeProxy(), "run",
            "--cluster", $"manifests:{lab.Directory.Manifests}",
            .. lab.IdentityArguments ?? ["--identity", $"delegated:{lab.IssuerSocket}"],
            "--node-name", Name, "--trust-domain", lab.Options.TrustDomain,
            "--pod-cidr", PodRange, "--pod-cidr", "fd00::/48", "--run-dir", RunDirectory,
            .. lab.Options.ProxyArguments, .. arguments,
        ]);
        await Proxy.WaitForLogAsync("node-proxy ready", TimeSpan.FromSeconds(60));
        return Proxy;
    }

    public Task Kill9Async() => Proxy?.Kill9Async() ?? Task.CompletedTask;

    public Task StopProxyAsync() => Proxy?.StopAsync() ?? Task.CompletedTask;

    /// <summary>Waits until no pod of the node has a connection.</summary>
    public Task<bool> AwaitNoConnectionsAsync(TimeSpan limit) =>
        Wait.UntilAsync(async () => (await DaemonStatus.ReadAsync(this)).Connections == 0, limit);

    /// <summary>Memory, CPU time and descriptors of the node's running proxy.</summary>
    public ProcessUsage Usage() => ProcessUsage.Of(Proxy!.Pid);

    /// <summary>Runs a command as a process of the node itself.</summary>
    public Task<CommandResult> RunAsync(params string[] command) =>
        Shell.RunAsync(Shell.InNamespace(NetworkNamespace, command));

    internal NodePlace Place => new(NetworkNamespace, IPv4, IPv6);

    internal (string IPv4, string IPv6, string Link) NextPod()
    {
        var number = Interlocked.Increment(ref pods);
        if (number > 250)
        {
            throw new LabException($"{Name} has no pod address left");
        }

        var text = number.ToString(CultureInfo.InvariantCulture);
        return ($"10.0.{Number}.{text}", $"fd00:0:0:{Number}::{text}", $"pod{text}");
    }

    private static string EndScript(LabNode node, string link, LabNode other, string ip4, string via4, string ip6, string via6) => $"""
        ip -n {node.NetworkNamespace} -batch - <<'EOF'
        link set {link} up
        address replace {ip4}/30 dev {link}
        address replace {ip6}/64 dev {link} nodad
        route replace 10.0.{other.Number}.0/24 via {via4} src {node.IPv4}
        route replace fd00:0:0:{other.Number}::/64 via {via6} src {node.IPv6}
        EOF
        """;
}
