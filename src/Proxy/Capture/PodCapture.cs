using Proxy.Cluster;
using Proxy.Engine;

namespace Proxy.Capture;

/// <summary>An enrolled pod of this node: its namespace, its workload as it is now, and how many connections it has.</summary>
internal sealed class PodCapture(Workload workload, NetworkScope scope)
{
    private Workload _workload = workload;
    private int _connections;
    private int _resting;
    private RuleReport _rules = new();

    internal NetworkScope Scope => scope;

    /// <summary>What others had in the namespace when it was captured, one line each.</summary>
    internal IReadOnlyList<string> Foreign { get; init; } = [];

    /// <summary>The newest version of the workload. Replaced by the control plane, read by all workers.</summary>
    internal Workload Workload
    {
        get => Volatile.Read(ref _workload);
        set => Volatile.Write(ref _workload, value);
    }

    /// <summary>What has come of looking at its rules. Replaced by the control plane.</summary>
    internal RuleReport Rules
    {
        get => Volatile.Read(ref _rules);
        set => Volatile.Write(ref _rules, value);
    }

    /// <summary>Captured connections, tunnels that carry a stream included.</summary>
    internal int Connections => Volatile.Read(ref _connections) - RestingTunnels;

    /// <summary>Captured tunnels that carry no stream just now; they do not count towards the limit of connections.</summary>
    internal int RestingTunnels => Volatile.Read(ref _resting);

    /// <summary>Counts one more connection, unless that would exceed the limit.</summary>
    internal bool TryEnter(int limit)
    {
        if (Interlocked.Increment(ref _connections) - RestingTunnels <= limit)
            return true;
        Leave();
        return false;
    }

    internal void Leave() => Interlocked.Decrement(ref _connections);

    internal void BeginRest() => Interlocked.Increment(ref _resting);

    internal void EndRest() => Interlocked.Decrement(ref _resting);
}
