using System.Collections.Concurrent;
using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Kernel;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Capture;

/// <summary>Opens what a captured pod needs on the workers: listeners and the kernel's questions.</summary>
/// <returns>Ends what was opened.</returns>
internal delegate Task<IAsyncDisposable> OpenPod(PodCapture pod, CancellationToken stop);

/// <summary>
/// Keeps the capture of this node's enrolled pods as the newest snapshot wants it. Rules stand before listeners, so
/// a pod is closed rather than open while it is being captured, and they stay when the process ends.
/// </summary>
internal sealed class PodNamespaces(string nodeName, CaptureRules rules, NetworkNamespace home, uint mark, LocalPods pods, OpenPod open, TimeProvider time, Action<string> log)
{
    /// <summary>Pods captured at once: each runs tools, and takes threads and descriptors for them.</summary>
    private const int AtOnce = 8;

    private readonly ConcurrentDictionary<string, CapturedPod> _captured = new(StringComparer.Ordinal);
    // Pods without enrolment whose rules are known to be gone.
    private readonly HashSet<string> _released = new(StringComparer.Ordinal);

    /// <summary>Looks at the rules of captured pods after each pass; null: nobody does.</summary>
    internal RuleWatch? Watch { get; init; }

    /// <summary>Pods that are wanted and could not be captured, with the reason.</summary>
    internal IReadOnlyDictionary<string, string> Faults { get; private set; } = new Dictionary<string, string>();

    /// <summary>One pass: lets go of what is gone, captures what is new, follows what changed. True when all stands.</summary>
    internal async Task<bool> ReconcileAsync(ClusterSnapshot cluster, CancellationToken stop)
    {
        var wanted = cluster.LocalTo(nodeName).Where(workload => workload.IsEnrolled).ToDictionary(workload => workload.Uid, StringComparer.Ordinal);
        var faults = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (uid, captured) in _captured.ToArray())
        {
            if (wanted.TryGetValue(uid, out var workload) && captured.IsStillAt(workload))
                captured.Pod.Workload = workload;
            else
                await TryAsync(captured.Pod.Workload, () => LetGoAsync(uid, captured, cluster), faults);
        }

        // New pods come first: they are open until their rules stand.
        var known = _captured.Values.ToArray();
        await TryEachAsync(wanted.Values.Where(workload => !_captured.ContainsKey(workload.Uid)), workload => workload, workload => CaptureAsync(workload, stop), faults);
        await TryEachAsync(known, captured => captured.Pod.Workload, FollowExclusionsAsync, faults);
        var released = cluster.LocalTo(nodeName).Where(workload => !workload.IsEnrolled).ToArray();
        _released.IntersectWith(released.Select(workload => workload.Uid));
        await TryEachAsync(released, workload => workload, ReleaseLeftOverAsync, faults);
        if (stop.IsCancellationRequested)
            return false;
        Watch?.Continue(_captured.Values);
        foreach (var pod in _captured.Values.Select(captured => captured.Pod))
        {
            if (pod.Rules.Fault is { } fault)
                faults.TryAdd(pod.Workload.ToString(), fault);
        }

        foreach (var (pod, fault) in faults)
        {
            if (Faults.GetValueOrDefault(pod) != fault)
                log($"pod {pod} is not captured as is wanted: {fault}");
        }

        Faults = faults;
        return faults.IsEmpty;
    }

    private async Task TryEachAsync<T>(IEnumerable<T> all, Func<T, Workload> workloadOf, Func<T, Task> step, ConcurrentDictionary<string, string> faults)
    {
        foreach (var some in all.ToArray().Chunk(AtOnce))
            await Task.WhenAll(some.Select(one => TryAsync(workloadOf(one), () => step(one), faults)));
    }

    /// <summary>Whatever goes wrong with one pod is told, tried again at the next pass, and keeps no other pod waiting.</summary>
    private async Task TryAsync(Workload workload, Func<Task> step, ConcurrentDictionary<string, string> faults)
    {
        try
        {
            await step();
        }
        catch (Exception e) when (e is IOException or CaptureException)
        {
            faults[workload.ToString()] = e.Message;
        }
        catch (OperationCanceledException)
        {
            faults[workload.ToString()] = "the process ends";
        }
#pragma warning disable CA1031 // the process stays up, and a bug must be seen in the log
        catch (Exception e)
#pragma warning restore CA1031
        {
            var fault = $"{e.GetType().Name}: {e.Message}";
            if (Faults.GetValueOrDefault(workload.ToString()) != fault)
                log($"capture of pod {workload} failed, trying again: {e}");
            faults[workload.ToString()] = fault;
        }
    }

    internal async Task CloseAsync()
    {
        foreach (var captured in _captured.Values)
            await captured.CloseAsync();
        _captured.Clear();
    }

    private async Task CaptureAsync(Workload workload, CancellationToken stop)
    {
        var name = workload.NetworkNamespace ?? throw new CaptureException("its network namespace is not known (annotation node-proxy.dev/netns)");
        var @namespace = NetworkNamespace.Open(name);
        try
        {
            var scope = new NetworkScope(@namespace, home, mark);
            RequireOwn(workload, scope);
            var foreign = await Task.Run(() => rules.Excluding(workload.Exclusions).Apply(@namespace), stop);
            var madeAt = time.GetTimestamp();
            var pod = new PodCapture(workload, scope) { Foreign = foreign };
            // From here on it counts as captured, whatever becomes of the others of this pass.
            _captured[workload.Uid] = new CapturedPod(pod, @namespace, await open(pod, stop)) { Excluded = workload.Exclusions, StoodAt = madeAt };
            pods.Add(pod);
            log($"pod {workload} is captured in network namespace {name}");
            foreach (var line in foreign)
                log($"pod {workload} has rules of others, left alone: {line}");
        }
        catch
        {
            if (!_captured.ContainsKey(workload.Uid))
                @namespace.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes the rules of a captured pod follow its exclusions. Interrupted, only that passes which the old and the new
    /// rules both let by; it is tried again at the next pass.
    /// </summary>
    private async Task FollowExclusionsAsync(CapturedPod captured)
    {
        var exclusions = captured.Pod.Workload.Exclusions;
        if (captured.Excluded.Equals(exclusions))
            return;
        await captured.Look;
        try
        {
            captured.Made = null;
            await Task.Run(() => rules.Excluding(exclusions).Apply(captured.Namespace));
        }
        catch (Exception e) when (e is IOException or CaptureException)
        {
            throw new CaptureException($"its exclusions could not be changed: {e.Message}");
        }

        captured.Excluded = exclusions;
        log($"pod {captured.Pod.Workload} has other exclusions: {exclusions}");
    }

    // A manifest may name any namespace: capture would close the node, or put another pod in this one's name.
    private void RequireOwn(Workload workload, NetworkScope scope)
    {
        var name = scope.Namespace.Name;
        if (scope.Namespace.Inode == home.Inode)
            throw new CaptureException($"network namespace {name} is the node's own");
        if (!workload.Addresses.Any(address => IsLocal(address, scope)))
            throw new CaptureException($"network namespace {name} has none of its addresses ({string.Join(", ", workload.Addresses)})");
    }

    private static bool IsLocal(Address address, NetworkScope scope)
    {
        if (scope.TryCreate(address.IsIPv4, out var socket) != SocketFault.None)
            return false;
        var fault = socket.Bind(new Endpoint(address, 0));
        socket.Close();
        return fault == SocketFault.None;
    }

    /// <summary>
    /// The rules are removed only where the pod is still known, no longer enrolled, and nobody else claims its address,
    /// whose rules they would be. A pod that is gone from the directory stays closed for as long as its namespace exists.
    /// </summary>
    private async Task LetGoAsync(string uid, CapturedPod captured, ClusterSnapshot cluster)
    {
        using var @namespace = captured.Namespace;
        _captured.TryRemove(uid, out _);
        pods.Remove(uid);
        await captured.CloseAsync();
        var isReleased = cluster.Workloads.Any(workload => workload.Uid == uid && workload is { IsEnrolled: false, IsDisputed: false });
        var isOpen = isReleased && await TryRemoveRulesAsync(captured.Pod.Workload, @namespace);
        if (isOpen)
            _released.Add(uid);
        log($"pod {captured.Pod.Workload} is no longer captured{(isOpen ? ", its rules are removed" : "")}");
    }

    /// <summary>A pod that was captured once and ceased to be enrolled while no daemon ran still has its rules; looked for once.</summary>
    private async Task ReleaseLeftOverAsync(Workload workload)
    {
        if (workload.IsDisputed || workload.IsHostNetwork || workload.NetworkNamespace is not { } name || !_released.Add(workload.Uid))
            return;
        try
        {
            using var @namespace = NetworkNamespace.Open(name);
            RequireOwn(workload, new NetworkScope(@namespace, home, mark));
            await TryRemoveRulesAsync(workload, @namespace);
        }
        catch (Exception e) when (e is IOException or CaptureException)
        {
            log($"pod {workload} is not looked at for rules of an earlier time: {e.Message}");
        }
    }

    private async Task<bool> TryRemoveRulesAsync(Workload workload, NetworkNamespace @namespace)
    {
        try
        {
            await Task.Run(() => rules.Remove(@namespace));
            return true;
        }
        catch (Exception e) when (e is IOException or CaptureException)
        {
            log($"the rules of pod {workload} cannot be removed, it stays closed: {e.Message}");
            return false;
        }
    }
}
