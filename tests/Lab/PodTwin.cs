namespace Lab;

/// <summary>A namespace that holds a pod's addresses without the pod's capture: what an attacker on the node's network would be.</summary>
public sealed class PodTwin : IAsyncDisposable
{
    private readonly LabCluster lab;
    private readonly LabPod pod;
    private readonly string link;
    private static int starts;

    private PodTwin(LabCluster lab, LabPod pod)
    {
        (this.lab, this.pod, link) = (lab, pod, pod.Node.NextPod().Link);
        NetworkNamespace = lab.Directory.NamespaceOf($"{pod.Name}-twin");
    }

    public string NetworkNamespace { get; }

    internal static async Task<PodTwin> CreateAsync(LabCluster lab, LabPod pod)
    {
        var twin = new PodTwin(lab, pod);
        await NetworkScript.AddNamespaceAsync(twin.NetworkNamespace);
        await NetworkScript.AttachAsync(pod.Node, twin.NetworkNamespace, pod.IPv4, pod.IPv6, twin.link);
        return twin;
    }

    public Task<CommandResult> RunAsync(IReadOnlyList<string> command, string input = "", TimeSpan? limit = null) =>
        Shell.RunAsync(Shell.InNamespace(NetworkNamespace, command), input, limit);

    public LabProcess Start(params string[] command) =>
        LabProcess.Start(lab.Directory, $"{pod.Name}-twin-{Path.GetFileName(command[0])}-{Interlocked.Increment(ref starts)}", NetworkNamespace, command);

    public async ValueTask DisposeAsync()
    {
        await pod.RouteHereAsync();
        await NetworkScript.DetachAsync(pod.Node, NetworkNamespace, link);
    }
}
