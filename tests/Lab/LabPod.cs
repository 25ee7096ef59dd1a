namespace Lab;

/// <summary>A pod: a namespace with an address, in which commands run as its containers would.</summary>
public sealed class LabPod
{
    private readonly LabCluster lab;
    private readonly string link;
    private int starts;

    private LabPod(LabCluster lab, LabNode node, string name, PodOptions options, (string IPv4, string IPv6, string Link) place)
    {
        (this.lab, Node, Name, Options, Labels, Annotations) = (lab, node, name, options, options.Labels, options.Annotations);
        (IPv4, IPv6, link) = place;
        (IPv4, IPv6) = options.Addresses ?? (IPv4, IPv6);
    }

    public LabNode Node { get; }

    public string Name { get; }

    public PodOptions Options { get; }

    public IReadOnlyDictionary<string, string> Labels { get; internal set; }

    public IReadOnlyDictionary<string, string> Annotations { get; internal set; }

    /// <summary>The cluster has been told of this pod.</summary>
    public bool HasManifest { get; private set; }

    public string Uid { get; } = Guid.NewGuid().ToString();

    public string IPv4 { get; }

    public string IPv6 { get; }

    public string ServiceAccount => Options.ServiceAccount ?? Name;

    public string FullName => $"{Options.Namespace}/{Name}";

    public string NetworkNamespace => lab.Directory.NamespaceOf(Name);

    /// <summary>Where the pod's servers keep their configuration and logs.</summary>
    public string Files => lab.Directory.Make(Path.Combine("pods", Name));

    internal static Task<LabPod> CreateAsync(LabCluster lab, LabNode node, string name, PodOptions options) =>
        CreateAsync(new LabPod(lab, node, name, options, node.NextPod()));

    /// <summary>Another pod in the place of one that was removed.</summary>
    internal static Task<LabPod> CreateSuccessorAsync(LabCluster lab, LabPod old, PodOptions options) =>
        CreateAsync(new LabPod(lab, old.Node, old.Name, options, (old.IPv4, old.IPv6, old.link)) { starts = old.starts });

    private static async Task<LabPod> CreateAsync(LabPod pod)
    {
        await NetworkScript.AddNamespaceAsync(pod.NetworkNamespace);
        await NetworkScript.AttachAsync(pod.Node, pod.NetworkNamespace, pod.IPv4, pod.IPv6, pod.link);
        foreach (var address in pod.Options.MoreAddresses)
        {
            await NetworkScript.AddAddressAsync(pod.Node, pod.NetworkNamespace, address, pod.link);
        }

        return pod;
    }

    public Task<CommandResult> RunAsync(params string[] command) => RunAsync(command, Shell.DefaultLimit);

    public Task<CommandResult> RunAsync(IReadOnlyList<string> command, TimeSpan limit, string input = "") =>
        Shell.RunAsync(Shell.InNamespace(NetworkNamespace, command), input, limit);

    /// <summary>Starts a command that the lab ends; its log is named after the pod and the command.</summary>
    public LabProcess Start(params string[] command) =>
        LabProcess.Start(lab.Directory, $"{Name}-{Path.GetFileName(command[0])}-{Interlocked.Increment(ref starts)}", NetworkNamespace, command);

    /// <summary>Tells the cluster of a pod that was made without a manifest.</summary>
    public void WriteManifest()
    {
        lab.Manifests.WritePod(this);
        HasManifest = true;
    }

    /// <summary>Gives the pod's addresses to a new namespace without capture, until that is disposed.</summary>
    public Task<PodTwin> CreateTwinAsync() => PodTwin.CreateAsync(lab, this);

    /// <summary>The variant of `iptables` or `ip6tables` by which the pod's capture rules were made, for example `iptables-nft`.</summary>
    public async Task<string> FindRulesToolAsync(string family = "iptables")
    {
        foreach (var tool in (string[])[$"{family}-nft", $"{family}-legacy"])
        {
            if ((await RunAsync($"{tool}-save")).Output.Contains("NODE_PROXY_", StringComparison.Ordinal))
            {
                return tool;
            }
        }

        throw new LabException($"{Name} has no capture rules of {family}");
    }

    /// <summary>Takes the node's end of the pod's link down.</summary>
    public Task CutLinkAsync() => Shell.ScriptAsync($"ip -n {Node.NetworkNamespace} link set {link} down");

    /// <summary>Takes it up again, with the address and routes that the kernel forgot with it.</summary>
    public Task MendLinkAsync() => Shell.ScriptAsync($"""
        ip -n {Node.NetworkNamespace} link set {link} up
        ip -n {Node.NetworkNamespace} address replace fe80::1/64 dev {link} nodad
        {NetworkScript.RouteTo(Node.Place, IPv4, IPv6, link)}
        """);

    internal Task RouteHereAsync() => Shell.ScriptAsync(NetworkScript.RouteTo(Node.Place, IPv4, IPv6, link));

    internal Task RemoveAsync() => NetworkScript.DetachAsync(Node, NetworkNamespace, link);
}
