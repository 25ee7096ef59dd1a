using System.Collections.Concurrent;

namespace Lab;

/// <summary>Nodes, pods, Services and policies made of network namespaces and manifests; removed when disposed, unless kept.</summary>
public sealed class LabCluster : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, LabPod> pods = new();
    private readonly List<LabNode> nodes = [];
    private readonly EntriesFile entries;
    private int services = 9;
    private int issuers;

    private LabCluster(LabOptions options, LabDirectory directory)
    {
        (Options, Directory) = (options, directory);
        Manifests = new(directory.Manifests);
        entries = new(Path.Combine(directory.FullPath, "entries.yaml"), options.TrustDomain);
    }

    public LabOptions Options { get; }

    public LabDirectory Directory { get; }

    public ManifestDirectory Manifests { get; }

    public IReadOnlyList<LabNode> Nodes => nodes;

    public IEnumerable<LabPod> Pods => pods.Values;

    public LabProcess? Issuer { get; private set; }

    public string IssuerSocket => Path.Combine(Directory.FullPath, "issuer/issuer.sock");

    public string IssuerState => Path.Combine(Directory.FullPath, "issuer/state");

    /// <summary>How the node-proxies are told where identities come from; the lab's issuer unless a test says otherwise.</summary>
    public IReadOnlyList<string>? IdentityArguments { get; set; }

    /// <summary>Builds the nodes and the link between each and the next.</summary>
    public static async Task<LabCluster> CreateAsync(LabOptions? options = null)
    {
        options ??= new();
        if (options.Reaps)
        {
            await LabDirectory.ReapAsync();
        }

        var lab = new LabCluster(options, LabDirectory.Create());
        if (options.IsKept)
        {
            lab.Directory.Keep();
        }

        try
        {
            lab.Manifests.WriteNamespace("default", enrolled: true);
            foreach (var name in options.Nodes)
            {
                await lab.AddNodeAsync(name);
            }

            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    public async Task<LabNode> AddNodeAsync(string name)
    {
        var node = await LabNode.CreateAsync(this, name, nodes.Count + 1);
        foreach (var other in nodes)
        {
            await node.JoinAsync(other);
        }

        nodes.Add(node);
        return node;
    }

    /// <summary>Makes a pod with its namespace, its registration at the issuer and its manifest.</summary>
    public async Task<LabPod> AddPodAsync(LabNode node, string name, PodOptions? options = null) =>
        Join(await LabPod.CreateAsync(this, node, name, options ?? new()));

    public async Task DeletePodAsync(LabPod pod)
    {
        Manifests.Delete("Pod", pod.Options.Namespace, pod.Name);
        pods.TryRemove(pod.FullName, out _);
        await pod.RemoveAsync();
    }

    /// <summary>Deletes a pod and makes another of the same name at the same addresses.</summary>
    public async Task<LabPod> ReplacePodAsync(LabPod pod, PodOptions options)
    {
        await DeletePodAsync(pod);
        return Join(await LabPod.CreateSuccessorAsync(this, pod, options));
    }

    public void RelabelPod(LabPod pod, IReadOnlyDictionary<string, string> labels)
    {
        pod.Labels = labels;
        Manifests.WritePod(pod);
    }

    public void AnnotatePod(LabPod pod, IReadOnlyDictionary<string, string> annotations)
    {
        pod.Annotations = annotations;
        Manifests.WritePod(pod);
    }

    /// <summary>Makes a Service whose endpoints are the given pods, at the same port, IPv4 and IPv6.</summary>
    public LabService AddService(string name, ushort port, params IReadOnlyList<LabPod> endpoints)
    {
        var service = new LabService(name, "default", port, Interlocked.Increment(ref services));
        Manifests.WriteService(service);
        SetEndpoints(service, endpoints);
        return service;
    }

    public void SetEndpoints(LabService service, params IReadOnlyList<LabPod> endpoints) =>
        Manifests.WriteEndpoints(service, endpoints);

    /// <summary>Applies the policy documents in a text as `kubectl apply` would: a document replaces that of the same name.</summary>
    public void ApplyPolicy(string text) => Manifests.Apply(text);

    public void ApplyPolicyFile(string path) => Manifests.Apply(File.ReadAllText(path));

    public void RemovePolicy(string name, string kind = "CiliumNetworkPolicy") => Manifests.Delete(kind, "default", name);

    public void WithdrawEntry(string serviceAccount) => entries.Withdraw("default", serviceAccount);

    public void RestoreEntry(string serviceAccount) => entries.Restore("default", serviceAccount);

    /// <summary>Registers a process of this machine by what the kernel says of it, for example "unix:uid:0".</summary>
    public void RegisterProcess(string spiffeId, string selector) => entries.AddProcess(spiffeId, selector);

    public string SpiffeIdOf(string serviceAccount) => entries.SpiffeIdOf("default", serviceAccount);

    public async Task<LabProcess> StartIssuerAsync(params string[] arguments)
    {
        string[] life = Options.SvidLife.Length > 0 ? ["--svid-ttl", Options.SvidLife] : [];
        // An entry names one ID for a service account; by a template of its own each pod has its own.
        string[] registrations = Options.SpiffeIdTemplate.Length > 0
            ? ["--manifests", Directory.Manifests, .. Options.TemplateArguments]
            : ["--entries", entries.FilePath];
        Issuer = LabProcess.Start(Directory, $"issuer-{Interlocked.Increment(ref issuers)}", null,
        [
            RequireNodeProxy(), "issuer", "--socket", IssuerSocket, "--state-dir", IssuerState,
            "--trust-domain", Options.TrustDomain, .. registrations, .. life, .. arguments,
        ]);
        await Issuer.WaitForLogAsync("issuer ready");
        return Issuer;
    }

    /// <summary>Starts the issuer and one node-proxy per node.</summary>
    public async Task StartAsync(params string[] proxyArguments)
    {
        await StartIssuerAsync();
        await Task.WhenAll(nodes.Select(node => node.StartProxyAsync(proxyArguments)));
    }

    /// <summary>Makes a change of manifests and waits until every running node-proxy has it in force; no change, no wait.</summary>
    public async Task ChangeAsync(Action change)
    {
        var before = await Task.WhenAll(RunningProxies().Select(DaemonStatus.ReadAsync));
        var changes = Manifests.Changes;
        change();
        if (Manifests.Changes == changes)
        {
            return;
        }

        await Task.WhenAll(before.Select(status => status.AwaitNewerAsync()));
    }

    /// <summary>Waits until every running node-proxy has the policy of this name, and with it all that was written before it.</summary>
    public Task AwaitPolicyAsync(string name) => Task.WhenAll(RunningProxies().Select(node => DaemonStatus.AwaitPolicyAsync(node, name)));

    /// <summary>Waits until every node-proxy knows the pods that there are and no others, and captures those of its node.</summary>
    public Task SettleAsync() => Task.WhenAll(RunningProxies().Select(node => DaemonStatus.AwaitPodsAsync(node, [.. Pods.Where(pod => pod.HasManifest)])));

    /// <summary>Waits until the node-proxy of the pod's node holds, or no longer holds, the pod's SVID.</summary>
    public Task AwaitSvidAsync(LabPod pod, bool isHeld) =>
        DaemonStatus.AwaitSvidAsync(pod.Node, SpiffeIdOf(pod.ServiceAccount), isHeld);

    /// <summary>Flows of all nodes merged by time, as `node-proxy observe` prints them.</summary>
    public Task<CommandResult> ObserveAsync(params string[] arguments) =>
        Shell.RunAsync([RequireNodeProxy(), "observe", .. ObserverArguments(), .. arguments]);

    public IEnumerable<string> ObserverArguments() =>
        nodes.SelectMany(node => (string[])["--server", $"unix://{node.ObserverSocket}"]);

    /// <summary>Waits until a flow line that contains all the given texts is seen; returns it, or null with the flows at hand.</summary>
    public async Task<(string? Line, string All)> AwaitFlowAsync(TimeSpan limit, params string[] texts)
    {
        string? line = null;
        var all = "";
        await Wait.UntilAsync(
            async () =>
            {
                all = (await ObserveAsync("--last", "2000")).Output;
                line = all.Split('\n').FirstOrDefault(l => texts.All(t => l.Contains(t, StringComparison.Ordinal)));
                return line is not null;
            },
            limit);
        return (line, all);
    }

    /// <summary>Captures what passes the link of the node to its neighbour.</summary>
    public Task<WireCapture> CaptureOnLinkAsync(LabNode node, string filter = "") =>
        WireCapture.StartAsync(Directory, node.NetworkNamespace, node.Links[0], filter);

    public string RequireNodeProxy() => File.Exists(Options.NodeProxy)
        ? Options.NodeProxy
        : throw new LabException($"{Options.NodeProxy} is missing: run `make build`, or set NODE_PROXY_BIN");

    public async ValueTask DisposeAsync()
    {
        if (!Directory.IsKept)
        {
            await Directory.RemoveAsync();
        }
    }

    private LabPod Join(LabPod pod)
    {
        pods[pod.FullName] = pod;
        if (pod.Options.IsEnrolled)
        {
            entries.Add(pod.Options.Namespace, pod.ServiceAccount);
        }

        if (pod.Options.WritesManifest)
        {
            pod.WriteManifest();
        }

        return pod;
    }

    private IEnumerable<LabNode> RunningProxies() => nodes.Where(node => node.Proxy is { HasExited: false });
}
