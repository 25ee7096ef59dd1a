using Proxy.Cluster;
using Proxy.Kernel;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Capture;

/// <summary>
/// Keeps the rules of the node's own namespace in step with its enrolled pods, so that what the node itself dials
/// reaches them as a probe. They stay when the process ends, like those of the pods.
/// </summary>
internal sealed class NodeProbes(string nodeName, NodeRules rules, NetworkNamespace home, TimeProvider time, Action<string> log)
{
    /// <summary>Whoever restarts a firewall flushes rules of others as well: after this time ours are looked at.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);

    private HashSet<Address>? _pods;
    private long _stoodAt;

    internal CaptureOptions Options => rules.Options;

    /// <summary>Whether the rules have been made; until then no pod may believe the probe source.</summary>
    internal bool HaveStood => _pods is not null;

    /// <summary>Why the rules could not be made right; null when they stand.</summary>
    internal string? Fault { get; private set; }

    /// <summary>True when the rules stand for the pods of the snapshot.</summary>
    /// <exception cref="IOException">They never stood.</exception>
    internal async Task<bool> ReconcileAsync(ClusterSnapshot cluster)
    {
        HashSet<Address> pods = [.. cluster.LocalTo(nodeName).Where(workload => workload.IsEnrolled).SelectMany(workload => AddressesOf(workload, cluster))];
        if (Fault is null && _pods?.SetEquals(pods) == true && time.GetElapsedTime(_stoodAt) < LookEvery)
            return true;
        try
        {
            await Task.Run(() => MakeRight(pods));
            (_pods, _stoodAt, Fault) = (pods, time.GetTimestamp(), null);
            return true;
        }
        catch (Exception e) when (e is IOException or CaptureException)
        {
            if (!HaveStood)
                throw new IOException($"the node's own rules cannot be made: {e.Message} (without them: --probe-source-ipv4 none --probe-source-ipv6 none)");
            if (Fault != e.Message)
                log($"the node's own rules cannot be made right: {e.Message}");
            Fault = e.Message;
            return false;
        }
    }

    // What stands is left alone: to make it anew takes the tables of all others along, and the lock that they wait for.
    private void MakeRight(HashSet<Address> pods)
    {
        if (_pods?.SetEquals(pods) != true || !rules.Stand(home, pods))
            rules.Apply(home, pods);
    }

    private static IEnumerable<Address> AddressesOf(Workload workload, ClusterSnapshot cluster) =>
        workload.Addresses.Where(address => cluster.FindWorkload(address) == workload);
}
