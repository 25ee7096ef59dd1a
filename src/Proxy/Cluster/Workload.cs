using Proxy.Policy;
using Proxy.Policy.Labels;
using Proxy.Spiffe;

namespace Proxy.Cluster;

/// <summary>
/// A pod as the proxy knows it. The object is the identity of one version: later snapshots hold
/// the same object for as long as nothing of the pod changed.
/// </summary>
internal sealed class Workload
{
    /// <summary>The pod's uid, or one derived from what makes it this pod and not its successor.</summary>
    public required string Uid { get; init; }

    public required string Namespace { get; init; }

    public required string Name { get; init; }

    public required string ServiceAccount { get; init; }

    /// <summary>The node it is scheduled to; empty before it is.</summary>
    public required string NodeName { get; init; }

    public required IReadOnlyList<Address> Addresses { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required EnrolmentMode Mode { get; init; }

    /// <summary>What is neither captured nor judged, from the annotations `node-proxy.dev/skip-…`.</summary>
    public Exclusions Exclusions { get; init; } = Exclusions.None;

    /// <summary>The names of its container ports.</summary>
    public NamedPorts Ports { get; init; } = NamedPorts.None;

    public required bool IsHostNetwork { get; init; }

    /// <summary>The network namespace's name or path, from annotation `node-proxy.dev/netns`.</summary>
    public required string? NetworkNamespace { get; init; }

    public required Identity Identity { get; init; }

    /// <summary>The SPIFFE ID that a peer must prove to be this workload.</summary>
    public required SpiffeId ExpectedId { get; init; }

    public required IReadOnlyList<(string Kind, string Name)> Owners { get; init; }

    /// <summary>
    /// Another pod claims one of its addresses, or the number of its identity with other labels: it must be refused
    /// as client and as server until that ends.
    /// </summary>
    public bool IsDisputed { get; init; }

    public bool IsEnrolled => Mode != EnrolmentMode.Disabled && !IsHostNetwork;

    /// <summary>Whether a node-proxy stands before this port of the workload.</summary>
    public bool IsCapturedAt(ushort port) => IsEnrolled && !Exclusions.CoversInbound(port);

    public bool HasSameContentAs(Workload other) =>
        Uid == other.Uid
        && Namespace == other.Namespace
        && Name == other.Name
        && ServiceAccount == other.ServiceAccount
        && NodeName == other.NodeName
        && Mode == other.Mode
        && Exclusions.Equals(other.Exclusions)
        && Ports.Equals(other.Ports)
        && IsHostNetwork == other.IsHostNetwork
        && IsDisputed == other.IsDisputed
        && NetworkNamespace == other.NetworkNamespace
        && ExpectedId.Equals(other.ExpectedId)
        && Identity.Equals(other.Identity)
        && Identity.Labels.Texts.SequenceEqual(other.Identity.Labels.Texts)
        && Addresses.SequenceEqual(other.Addresses)
        && Owners.SequenceEqual(other.Owners)
        && HasSameLabelsAs(other);

    public override string ToString() => $"{Namespace}/{Name}";

    private bool HasSameLabelsAs(Workload other) =>
        Labels.Count == other.Labels.Count
        && Labels.All(label => other.Labels.TryGetValue(label.Key, out var value) && value == label.Value);
}
