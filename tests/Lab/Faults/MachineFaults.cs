namespace Lab.Faults;

/// <summary>Faults of processes and links.</summary>
internal static class MachineFaults
{
    /// <summary>Descriptors that a squeezed daemon may still open.</summary>
    private const int SpareDescriptors = 6;

    /// <summary>The nodes whose daemons may be replaced; the others must live through everything.</summary>
    public static IReadOnlyList<Fault> Of(FaultMesh mesh, IReadOnlyList<LabNode> mayRestart) =>
    [
        .. mayRestart.Select(Kill),
        .. mayRestart.Select(Restart),
        .. mesh.Lab.Nodes.Select(Freeze),
        .. mesh.Lab.Nodes.Select(Squeeze),
        KillIssuer(mesh.Lab),
        .. mesh.Lab.Nodes.Skip(1).Select(CutLink),
        CutPod(mesh.Server),
        CutPod(mesh.Far),
    ];

    private static Fault Kill(LabNode node) => new($"kill -9 of {node.Name}", node.Kill9Async, () => node.StartProxyAsync());

    private static Fault Restart(LabNode node) => new($"restart of {node.Name}", node.StopProxyAsync, () => node.StartProxyAsync());

    private static Fault Freeze(LabNode node) =>
        new($"SIGSTOP of {node.Name}", () => node.Proxy!.SignalAsync("STOP"), () => node.Proxy!.SignalAsync("CONT")) { Freezes = true };

    private static Fault KillIssuer(LabCluster lab) => new("kill -9 of the issuer", () => lab.Issuer!.Kill9Async(), () => lab.StartIssuerAsync());

    private static Fault CutLink(LabNode node) => new($"link of {node.Name} down", node.CutLinkAsync, node.MendLinkAsync);

    private static Fault CutPod(LabPod pod) => new($"link of {pod.Name} down", pod.CutLinkAsync, pod.MendLinkAsync);

    private static Fault Squeeze(LabNode node)
    {
        DescriptorLimit? limit = null;
        return new(
            $"descriptors of {node.Name} run out",
            async () => limit = await DescriptorLimit.SqueezeAsync(node, SpareDescriptors),
            () => limit?.RestoreAsync() ?? Task.CompletedTask)
        { Freezes = true };
    }
}
