namespace Lab.Compare;

/// <summary>
/// Two processes of one proxy, one on each node, between a client pod and a server pod: plaintext in, mutual TLS
/// between them, plaintext out, and the rule of the request at the second.
/// </summary>
internal abstract class Hops(LabCluster lab, LabPod client, LabPod server)
{
    /// <summary>The only request that the rule allows.</summary>
    public const string AllowedPath = "/landing";

    public const int HttpPort = 80;
    public const int OpaquePort = 9000;

    public abstract string Name { get; }

    /// <summary>What of it runs, for the report.</summary>
    public abstract string Version { get; }

    public LabCluster Lab => lab;

    public LabPod Client => client;

    public LabPod Server => server;

    /// <summary>Where the client pod sends requests.</summary>
    public abstract (string Address, int Port) Http { get; }

    /// <summary>Where the client pod opens connections whose content the proxies do not look into.</summary>
    public abstract (string Address, int Port) Opaque { get; }

    protected abstract IReadOnlyList<int> Pids { get; }

    public abstract Task StartAsync();

    public abstract Task StopAsync();

    /// <summary>Starts both anew: figures of memory must not depend on what ran before.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    public TimeSpan Cpu() => TimeSpan.FromTicks(Pids.Sum(pid => ProcessClock.Read(pid).Ticks));

    /// <summary>What of <see cref="Cpu"/> went into compiling; null: nothing is compiled while it runs.</summary>
    public virtual TimeSpan? CompilingCpu() => null;

    public double ResidentKiB() => Pids.Sum(pid => ProcessUsage.Of(pid).ResidentKiB);

    public override string ToString() => Name;
}
