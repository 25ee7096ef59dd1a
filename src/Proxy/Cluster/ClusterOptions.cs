using Proxy.Policy;
using Proxy.Spiffe;

namespace Proxy.Cluster;

internal sealed record ClusterOptions
{
    /// <summary>The trust domain of the expected SPIFFE IDs.</summary>
    public string TrustDomain { get; init; } = "cluster.local";

    /// <summary>What the expected SPIFFE IDs of pods are made of.</summary>
    public SpiffeIdTemplate SpiffeIds { get; init; } = SpiffeIdTemplate.Default;

    /// <summary>The node whose process this is; its own addresses differ from those of other nodes.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>The ranges in which every address belongs to a pod, known or not yet known.</summary>
    public IReadOnlyList<Cidr> PodCidrs { get; init; } = [];
}
