namespace Proxy.Spiffe;

/// <summary>A source of SVIDs for the local workloads and of the bundles to verify peers with.</summary>
public interface IIdentitySource : IAsyncDisposable
{
    /// <summary>The newest state; never null, empty before the first message.</summary>
    IdentitySnapshot Current { get; }

    /// <summary>Whether the source can be reached and has answered.</summary>
    bool IsConnected { get; }

    /// <summary>What went wrong last, for the operator; null while all is well.</summary>
    string? LastError { get; }

    /// <summary>All that goes wrong now, and since when; empty while all is well.</summary>
    IReadOnlyList<SourceFault> Faults { get; }

    /// <summary>When the source last said anything that was taken; null before it did.</summary>
    DateTimeOffset? LastHeard { get; }

    /// <summary>Raised with each new state, one at a time; several changes in a row may come as one.</summary>
    event Action<IdentitySnapshot>? Changed;

    /// <summary>Replaces the set of local workloads whose SVIDs are wanted. Never blocks.</summary>
    void Track(IReadOnlyCollection<WorkloadReference> workloads);

    /// <summary>Keeps the state current until <paramref name="stop"/>; ends normally then.</summary>
    Task RunAsync(CancellationToken stop);
}
