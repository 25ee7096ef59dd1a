using Proxy.Policy;
using Proxy.Policy.Labels;
using Proxy.Spiffe;

namespace Proxy.Cluster;

/// <summary>
/// A pod, or a machine outside the cluster, as the proxy knows it. The object is the identity of one version: later snapshots hold
/// the same object for as long as nothing of the pod changed.
/// </summary>
internal sealed class Workload
{
    /// <summary>The pod's uid, or one derived from what makes it this pod and not its successor. No pod has that of a machine.</summary>
    public required string Uid { get; init; }

    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>Empty for a machine outside the cluster.</summary>
    public required string ServiceAccount { get; init; }

    /// <summary>The node it is scheduled to; empty before it is, and for a machine outside the cluster.</summary>
    public required string NodeName { get; init; }

    public required IReadOnlyList<Address> Addresses { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required EnrolmentMode Mode { get; init; }

    /// <summary>What is neither captured nor judged, from the annotations `node-proxy.dev/skip-…`.</summary>
    public Exclusions Exclusions { get; init; } = Exclusions.None;

    /// <summary>Not null for a machine outside the cluster.</summary>
    public ExternalSpec? External { get; init; }

    /// <summary>The names of its ports.</summary>
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

    /// <summary>Whether a node-proxy of this cluster stands before this port of the workload.</summary>
    public bool IsCapturedAt(ushort port) => IsEnrolled && !Exclusions.CoversInbound(port);

    /// <summary>What is spoken with this port of the workload.</summary>
    public WireForm WireFormAt(ushort port) =>
        External?.Form ?? (IsCapturedAt(port) ? WireForm.Tunnels : WireForm.Plaintext);

    /// <summary>Whether it has to prove who it is as a client: plaintext from its address is somebody else's.</summary>
    public bool ProvesItself => IsEnrolled || External is { Form: not WireForm.Plaintext };

    /// <summary>Whether the port may be spoken to at all.</summary>
    public bool Offers(TransportProtocol protocol, ushort port) => External?.Offers(protocol, port) ?? true;

    public bool HasSameContentAs(Workload other) =>
        Uid == other.Uid
        && Namespace == other.Namespace
        && Name == other.Name
        && ServiceAccount == other.ServiceAccount
        && NodeName == other.NodeName
        && Mode == other.Mode
        && Exclusions.Equals(other.Exclusions)
        && Ports.Equals(other.Ports)
        && External == other.External
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
