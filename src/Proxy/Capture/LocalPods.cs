using System.Collections.Concurrent;

namespace Proxy.Capture;

/// <summary>The captured pods of this node by uid. Written by the control plane, read by all workers.</summary>
internal sealed class LocalPods
{
    private readonly ConcurrentDictionary<string, PodCapture> _pods = new(StringComparer.Ordinal);

    internal ICollection<PodCapture> All => _pods.Values;

    internal PodCapture? Find(string uid) => _pods.GetValueOrDefault(uid);

    internal void Add(PodCapture pod) => _pods[pod.Workload.Uid] = pod;

    internal void Remove(string uid) => _pods.TryRemove(uid, out _);
}
