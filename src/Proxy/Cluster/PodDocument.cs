using Proxy.Policy;

namespace Proxy.Cluster;

/// <summary>What a manifest says of a pod.</summary>
internal sealed record PodDocument
{
    public required ManifestPlace Place { get; init; }

    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>As written; null when it is not.</summary>
    public required string? Uid { get; init; }

    /// <summary>Made of what a pod keeps for its life, and different for its successor at the same address.</summary>
    public string DerivedUid { get; init; } = "";

    public required string ServiceAccount { get; init; }

    public required string NodeName { get; init; }

    public required IReadOnlyList<Address> Addresses { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The pod's own word; null leaves it to the namespace.</summary>
    public required EnrolmentMode? Mode { get; init; }

    /// <summary>What is neither captured nor judged.</summary>
    public Exclusions Exclusions { get; init; } = Exclusions.None;

    /// <summary>The names of its container ports.</summary>
    public NamedPorts Ports { get; init; } = NamedPorts.None;

    public required bool IsHostNetwork { get; init; }

    public required string? NetworkNamespace { get; init; }

    public required IReadOnlyList<(string Kind, string Name)> Owners { get; init; }

    /// <summary>Finished or being deleted: its addresses are no longer its own.</summary>
    public required bool IsGone { get; init; }

    /// <summary>Read but not to be believed: nobody may have its addresses.</summary>
    public bool IsClosed { get; init; }
}
