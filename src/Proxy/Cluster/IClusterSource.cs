namespace Proxy.Cluster;

/// <summary>Where workloads, services and policies come from.</summary>
internal interface IClusterSource : IAsyncDisposable
{
    /// <summary>The last good state; <see cref="ClusterSnapshot.Empty"/> before the start.</summary>
    ClusterSnapshot Current { get; }

    /// <summary>Raised once for every published snapshot, in order, on a background thread.</summary>
    event Action<ClusterSnapshot>? Changed;

    /// <summary>
    /// Ends when the first snapshot is in <see cref="Current"/>. A source that cannot be read at
    /// all throws <see cref="IOException"/>: a refused start.
    /// </summary>
    Task StartAsync(CancellationToken cancellationToken);
}
