using Proxy.Cluster;
using Proxy.Spiffe;

namespace Proxy;

/// <summary>All that decides about connections at one moment, always read together.</summary>
internal sealed record MeshSnapshot(ClusterSnapshot Cluster, IdentitySnapshot Identities)
{
    internal static MeshSnapshot Empty { get; } = new(ClusterSnapshot.Empty, IdentitySnapshot.Empty);
}

/// <summary>The newest mesh snapshot, and who must hear of the next one.</summary>
internal sealed class MeshState
{
    private readonly Lock _publishing = new();
    private volatile MeshSnapshot _current = MeshSnapshot.Empty;

    internal MeshSnapshot Current => _current;

    /// <summary>Raised after <see cref="Current"/> has changed, in order, on the publisher's thread.</summary>
    internal event Action<MeshSnapshot>? Changed;

    /// <summary>One that is older than the current is late, and nobody may judge by it any longer.</summary>
    internal void Publish(ClusterSnapshot cluster) =>
        Publish(current => cluster.Revision < current.Cluster.Revision ? current : current with { Cluster = cluster });

    internal void Publish(IdentitySnapshot identities) => Publish(current => current with { Identities = identities });

    private void Publish(Func<MeshSnapshot, MeshSnapshot> change)
    {
        lock (_publishing)
        {
            _current = change(_current);
            Changed?.Invoke(_current);
        }
    }
}
