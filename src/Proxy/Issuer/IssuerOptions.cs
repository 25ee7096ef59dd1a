using Proxy.Spiffe;

namespace Proxy.Issuer;

/// <summary>What the embedded issuer is told.</summary>
internal sealed record IssuerOptions
{
    /// <summary>A shorter lifetime would be over before it is used: certificates count in whole seconds.</summary>
    public static readonly TimeSpan ShortestLifetime = TimeSpan.FromSeconds(2);

    /// <summary>The Unix socket that is served.</summary>
    public required string SocketPath { get; init; }

    /// <summary>Holds the authority's key; only its owner may enter it.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The trust domain that is signed for.</summary>
    public TrustDomain TrustDomain { get; init; } = new("cluster.local");

    /// <summary>The file of registration entries, if any.</summary>
    public string? EntriesFile { get; init; }

    /// <summary>The directory of manifests whose pods are registered, if any.</summary>
    public string? ManifestDirectory { get; init; }

    /// <summary>How long an SVID is valid; it is replaced at half of that.</summary>
    public TimeSpan SvidLifetime { get; init; } = TimeSpan.FromHours(1);
}
