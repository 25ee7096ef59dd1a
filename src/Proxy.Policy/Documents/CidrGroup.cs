using Proxy.Policy.Labels;

namespace Proxy.Policy.Documents;

/// <summary>A CiliumCIDRGroup: ranges that rules refer to by the group's name or labels.</summary>
/// <param name="Name">Its name; groups belong to the cluster.</param>
/// <param name="Labels">Its labels, source <c>k8s</c>.</param>
/// <param name="Cidrs">Its ranges; empty when it is refused.</param>
/// <param name="Faults">
/// What is wrong with it. A refused group holds no range: rules that allow it allow nothing, and rules that deny it close.
/// </param>
public sealed record CidrGroup(
    string Name, LabelSet Labels, IReadOnlyList<Cidr> Cidrs, IReadOnlyList<ManifestFault> Faults)
{
    /// <summary>Whether its labels may be others than <see cref="Labels"/>: what holds them could not be read.</summary>
    internal bool MayHaveOtherLabels => Faults.Any(fault => fault.Path.Length == 0 || fault.Path.StartsWith("metadata", StringComparison.Ordinal));

    /// <summary>Whether there is a fault.</summary>
    public bool IsRefused => Faults.Count > 0;
}
