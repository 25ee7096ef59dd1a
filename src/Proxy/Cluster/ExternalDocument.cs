using Proxy.Policy;
using Proxy.Spiffe;

namespace Proxy.Cluster;

/// <summary>What an `ExternalWorkload` says of a machine outside the cluster.</summary>
internal sealed record ExternalDocument
{
    public required ManifestPlace Place { get; init; }

    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>Of a document that is refused, those that could be read.</summary>
    public required IReadOnlyList<Address> Addresses { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>What the machine must prove; null when it speaks plaintext.</summary>
    public SpiffeId? SpiffeId { get; init; }

    public ExternalSpec Spec { get; init; } = new(WireForm.Plaintext, []);

    /// <summary>The names of its ports.</summary>
    public NamedPorts Ports { get; init; } = NamedPorts.None;

    /// <summary>Not to be believed: nobody may have its addresses.</summary>
    public bool IsClosed { get; init; }

    /// <summary>A document of which nothing but addresses can be read.</summary>
    public static ExternalDocument Closed(ManifestPlace place, IReadOnlyList<Address> addresses) =>
        new() { Place = place, Namespace = "default", Name = "unreadable", Addresses = addresses, IsClosed = true };
}
