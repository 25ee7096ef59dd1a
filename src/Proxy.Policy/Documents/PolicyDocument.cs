using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>
/// One policy document, valid or refused. A refused one closes what it selects in the directions that it governs:
/// what its author wanted to restrict must not be open because of a misspelling.
/// </summary>
public sealed class PolicyDocument
{
    internal PolicyDocument(
        string kind, string @namespace, string name, IReadOnlyList<PolicySection> sections, IReadOnlyList<ManifestFault> faults)
    {
        Kind = kind;
        Namespace = @namespace;
        Name = name;
        Sections = sections;
        Faults = faults;
    }

    /// <summary>For instance <c>CiliumNetworkPolicy</c>.</summary>
    public string Kind { get; }

    /// <summary>Empty for documents of the cluster, and when it could not be read.</summary>
    public string Namespace { get; }

    /// <summary>Empty when it could not be read.</summary>
    public string Name { get; }

    /// <summary>Whether there is a fault.</summary>
    public bool IsRefused => Faults.Count > 0;

    /// <summary>Everything that is wrong with it, in the order of the file (the first hundred).</summary>
    public IReadOnlyList<ManifestFault> Faults { get; }

    /// <summary>
    /// What is understood and does less than it says: items that are not supported yet, and traps. They refuse nothing.
    /// </summary>
    public IReadOnlyList<ManifestFault> Warnings { get; internal init; } = [];

    /// <summary>Whether it selects the workload and isolates it in the direction.</summary>
    public bool Governs(Direction direction, Identity subject)
    {
        ArgumentNullException.ThrowIfNull(subject);
        return Sections.Any(section => section.Governs(direction) && section.Subject.Matches(subject.Labels));
    }

    /// <summary>
    /// Whether it speaks of labels of namespaces, other than the name that each has: of a workload whose namespace's labels
    /// nobody knows it cannot be said then whom it allows or denies.
    /// </summary>
    public bool LooksAtNamespaceLabels => Sections.Any(section =>
        LooksAtNamespaces(section.Subject) || section.Rules.Any(rule => rule.Peers.Selectors.Any(LooksAtNamespaces)));

    internal IReadOnlyList<PolicySection> Sections { get; }

    private static bool LooksAtNamespaces(LabelSelector selector) => selector.Requirements.Any(requirement =>
        requirement.Key.StartsWith(WellKnownLabels.NamespaceLabelPrefix, StringComparison.Ordinal)
        && requirement.Key != WellKnownLabels.NamespaceLabelPrefix + WellKnownLabels.NamespaceName);
}
