namespace Lab.Compare;

/// <summary>node-proxy as it is: it captures, it knows both pods, and it records a flow per connection and request.</summary>
internal sealed class NodeProxyHops(string name, string version, LabCluster lab, LabPod client, LabPod server, bool isFresh) : Hops(lab, client, server)
{
    private bool hasIssuer;

    public override string Name => name;

    public override string Version => version;

    public override (string, int) Http => (Server.IPv4, HttpPort);

    public override (string, int) Opaque => (Server.IPv4, OpaquePort);

    protected override IReadOnlyList<int> Pids => [.. Lab.Nodes.Select(node => node.Proxy!.Pid)];

    public override TimeSpan? CompilingCpu() => TimeSpan.FromTicks(Pids.Sum(pid => CompilerOf(pid).Ran.Ticks));

    public override async Task StartAsync()
    {
        if (!hasIssuer)
        {
            Lab.ApplyPolicy(MeasuredServer.Policy("/landing"));
            await Lab.StartIssuerAsync();
            hasIssuer = true;
        }

        await Task.WhenAll(Lab.Nodes.Select(node => node.StartProxyAsync(["--workers", "1", .. isFresh ? (string[])["--max-resting-tunnels-per-pair", "0"] : []])));
        await Lab.SettleAsync();
        await Lab.AwaitSvidAsync(Client, isHeld: true);
        await Lab.AwaitSvidAsync(Server, isHeld: true);
    }

    // Its thread never ends (RuntimeThreads).
    private static ThreadTime CompilerOf(int pid) => ThreadTime.Of(pid).Single(thread => thread.Name == ".NET Tiered Com");

    public override Task StopAsync() => Task.WhenAll(Lab.Nodes.Select(node => node.StopProxyAsync()));
}
