using Proxy.Cluster;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Capture;

/// <summary>A pod that is captured, with all that has to be given back. Only <see cref="PodNamespaces"/> and what it starts know it.</summary>
internal sealed record CapturedPod(PodCapture Pod, NetworkNamespace Namespace, IAsyncDisposable Opened)
{
    /// <summary>The exclusions that its rules were made with.</summary>
    internal required Exclusions Excluded { get; set; }

    /// <summary>Its rules as they are printed; null: not read since they were made.</summary>
    internal IReadOnlyList<string>? Made { get; set; }

    /// <summary>The number of the state of rules that was looked at; null: none, or this variant has no numbers.</summary>
    internal uint? Generation { get; set; }

    /// <summary>When its rules stood for certain; a time stamp of the clock's.</summary>
    internal required long StoodAt { get; set; }

    /// <summary>When the last look began; null: none yet.</summary>
    internal long? LookedAt { get; set; }

    /// <summary>The look under way, which never fails. Whoever changes the rules waits for it.</summary>
    internal Task Look { get; set; } = Task.CompletedTask;

    internal bool IsStillAt(Workload workload)
    {
        if (workload.NetworkNamespace != Namespace.Name)
            return false;
        try
        {
            using var now = NetworkNamespace.Open(Namespace.Name);
            return now.Inode == Namespace.Inode;
        }
        catch (IOException)
        {
            // Without descriptors nothing can be opened; only a name that is gone says that the namespace is.
            return NetworkNamespace.HasName(Namespace.Name);
        }
    }

    internal async Task CloseAsync()
    {
        await Look;
        await Opened.DisposeAsync();
    }
}
