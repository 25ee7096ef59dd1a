using Proxy.Kernel;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Spiffe.Federation;
using Proxy.Tls;

namespace Proxy;

/// <summary>What the daemon was told at its start. Nothing reads the environment afterwards.</summary>
internal sealed record ProxyOptions
{
    /// <summary>Directory of the manifests that describe the cluster.</summary>
    public required string ManifestDirectory { get; init; }

    /// <summary>Where SVIDs come from.</summary>
    public required IdentityOptions Identity { get; init; }

    /// <summary>Whose bundles are fetched beside those that the identity source gives.</summary>
    public FederationOptions Federation { get; init; } = new();

    /// <summary>This node, as pods' nodeName says it.</summary>
    public required string NodeName { get; init; }

    /// <summary>The trust domain of this cluster's SPIFFE IDs.</summary>
    public string TrustDomain { get; init; } = "cluster.local";

    /// <summary>What the SPIFFE IDs of pods are made of.</summary>
    public SpiffeIdTemplate SpiffeIds { get; init; } = SpiffeIdTemplate.Default;

    /// <summary>Ranges in which every address is a pod's: unknown ones are refused, never taken for the outside.</summary>
    public IReadOnlyList<Cidr> PodCidrs { get; init; } = [];

    /// <summary>Directory of the observer's socket.</summary>
    public string RunDirectory { get; init; } = "/run/node-proxy";

    /// <summary>Threads that own connections.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Port of the admin server on loopback.</summary>
    public ushort AdminPort { get; init; } = 15020;

    /// <summary>Who speaks TLS to other nodes; null for the preferred one that works here.</summary>
    public TlsEngine? Tls { get; init; }

    public ConnectionLimits Limits { get; init; } = new();

    public CaptureOptions Capture { get; init; } = new();

    /// <summary>The time from one look at the rules of a captured pod to the next.</summary>
    public TimeSpan RuleLookEvery { get; init; } = TimeSpan.FromSeconds(30);
}
