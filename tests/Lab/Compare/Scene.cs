namespace Lab.Compare;

/// <summary>
/// The labs of a comparison, one per proxy, all made alike: two nodes, a client's pod, a server's pod, the same
/// servers in it. Only node-proxy's pods are enrolled: its rules must not capture a packaged proxy.
/// </summary>
internal sealed class Scene : IAsyncDisposable
{
    // A namespace may not choose a restricted algorithm for itself; all have the machine's.
    private static readonly string CongestionControl = File.ReadAllText("/proc/sys/net/ipv4/tcp_congestion_control").Trim();

    private readonly DirectoryInfo files = Directory.CreateTempSubdirectory("lab-compare-");
    private readonly List<LabCluster> labs = [];
    private readonly List<Hops> hops = [];

    public IReadOnlyList<Hops> Hops => hops;

    /// <summary>What all have in common, for the report.</summary>
    public static string Common => $"TLS 1.3, TLS_AES_128_GCM_SHA256, X25519, ECDSA P-256, {CongestionControl}";

    public static async Task<Scene> CreateAsync(CompareOptions options)
    {
        var scene = new Scene();
        try
        {
            scene.PinTls();
            await scene.AddAllAsync(options);
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lab in labs)
        {
            await lab.DisposeAsync();
        }

        files.Delete(recursive: true);
    }

    /// <summary>One group and one cipher suite for every libssl that is started from here, node-proxy's too.</summary>
    private void PinTls()
    {
        var path = Path.Combine(files.FullName, "openssl.cnf");
        File.WriteAllText(path, """
            openssl_conf = all
            [all]
            ssl_conf = ssl
            [ssl]
            system_default = tls
            [tls]
            Groups = X25519
            Ciphersuites = TLS_AES_128_GCM_SHA256

            """);
        Environment.SetEnvironmentVariable("OPENSSL_CONF", path);
    }

    private async Task AddAllAsync(CompareOptions options)
    {
        var certificates = new PeerCertificates(files.FullName);
        foreach (var (name, program) in options.Builds.Prepend(("node-proxy", new LabOptions().NodeProxy)))
        {
            await AddAsync(options, name, program, (lab, client, server) => new NodeProxyHops(name, Versions.Commit, lab, client, server, options.IsFresh));
        }

        await AddAsync(options, "haproxy", "", (lab, client, server) => new HaproxyHops(Versions.Haproxy, lab, client, server, certificates, options.IsFresh));
        await AddAsync(options, "haproxy-captured", "", (lab, client, server) => new CapturedHaproxyHops(Versions.Haproxy, lab, client, server, certificates, options.IsFresh));
        await AddAsync(options, "nginx", "", (lab, client, server) => new NginxHops(Versions.Nginx, lab, client, server, certificates, options.IsFresh));
    }

    private async Task AddAsync(CompareOptions options, string name, string program, Func<LabCluster, LabPod, LabPod, Hops> make)
    {
        if (!options.Includes(name))
        {
            return;
        }

        var lab = await LabCluster.CreateAsync(new LabOptions { NodeProxy = program.Length > 0 ? Pinned(name, program) : "" });
        labs.Add(lab);
        if (program.Length > 0 || !options.HasBareNodes)
        {
            await MasqueradeAsync(lab);
        }

        var server = await AddPodAsync(lab, lab.Nodes[1], "server", isEnrolled: program.Length > 0);
        var client = await AddPodAsync(lab, lab.Nodes[0], "client", isEnrolled: program.Length > 0);
        await LoadServers.StartAsync(server);
        hops.Add(make(lab, client, server));
        await hops[^1].StartAsync();
    }

    /// <summary>What leaves the cluster gets the node's address, as on the nodes of any cluster. With it the kernel tracks what the node forwards.</summary>
    private static async Task MasqueradeAsync(LabCluster lab)
    {
        foreach (var node in lab.Nodes)
        {
            await Shell.ScriptAsync($"ip netns exec {node.NetworkNamespace} iptables -t nat -A POSTROUTING -s {LabNode.PodRange} ! -d {LabNode.PodRange} -j MASQUERADE");
        }
    }

    private static async Task<LabPod> AddPodAsync(LabCluster lab, LabNode node, string name, bool isEnrolled)
    {
        var pod = await lab.AddPodAsync(node, name, PodOptions.WithLabels(("app", name)) with { IsEnrolled = isEnrolled });
        // Ports of closed connections are free again at once, so that no load runs out of them.
        await Shell.ScriptAsync($"""
            nsenter --net=/run/netns/{pod.NetworkNamespace} sh -eu <<'EOF'
            echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse
            EOF
            """);
        return pod;
    }

    /// <summary>A program that starts node-proxy on the processor of the hops.</summary>
    private string Pinned(string name, string program)
    {
        if (!File.Exists(program))
        {
            throw new LabException($"{program} is missing: run `make build`, or set NODE_PROXY_BIN");
        }

        var path = Path.Combine(files.FullName, $"{name}.sh");
        File.WriteAllText(path, $"#!/bin/sh\nexec taskset -c {Processors.Hops} '{program}' \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
