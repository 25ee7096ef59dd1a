using Proxy.Policy.Labels;

namespace Proxy.Policy.Documents;

/// <summary>Reads Cilium's selectors and ties them to the namespace of their policy; of a policy of the cluster to none.</summary>
internal sealed class SelectorReading
{
    private static readonly LabelRequirement AnyNamespace =
        new(LabelSet.KubernetesSource, WellKnownLabels.Namespace, LabelOperator.Exists, []);

    private static readonly LabelSet OwnCluster =
        LabelSet.Of((LabelSet.KubernetesSource, WellKnownLabels.Cluster, WellKnownLabels.OwnCluster));

    private readonly string? _namespace;
    private readonly FaultLog _faults;
    private readonly RequirementReading _requirements;

    /// <param name="namespace">Null: the policy belongs to the cluster.</param>
    /// <param name="faults">Where faults go.</param>
    public SelectorReading(string? @namespace, FaultLog faults)
    {
        _namespace = @namespace;
        _faults = faults;
        _requirements = new RequirementReading(LabelSyntax.TrySplit, faults) { Seen = new SelectorTraps(faults).Look };
    }

    /// <summary>Everything that is a pod.</summary>
    public static LabelSelector EveryNamespace { get; } = new([AnyNamespace]);

    public bool IsOfCluster => _namespace is null;

    /// <summary>Everything in the policy's namespace; of a policy of the cluster everything.</summary>
    public LabelSelector Whole => new(_namespace is null ? [] : [OwnNamespace]);

    private LabelRequirement OwnNamespace =>
        LabelRequirement.Equal(LabelSet.KubernetesSource, WellKnownLabels.Namespace, _namespace!);

    /// <summary>Whom a policy governs: always in its own namespace, whatever namespace the selector names.</summary>
    public LabelSelector ReadSubject(ManifestNode node)
    {
        var requirements = ReadRequirements(node);
        if (_namespace is null)
            return new(requirements);

        if (requirements.Any(NamesAnother))
            _faults.Warn(node, $"the selector names another namespace: it chooses pods of '{_namespace}' all the same");
        return new(requirements.Where(requirement => !NamesNamespace(requirement)).Append(OwnNamespace));
    }

    /// <summary>The selector as it stands, in every namespace.</summary>
    public LabelSelector ReadAnywhere(ManifestNode node) => new(_requirements.Read(node));

    /// <summary>A peer: in the policy's namespace, unless the selector speaks of namespaces or reserved names itself.</summary>
    /// <param name="node">The selector.</param>
    /// <param name="hasInitSubject">The policy is about pods whose labels are not known yet: peers need no namespace.</param>
    public LabelSelector ReadPeer(ManifestNode node, bool hasInitSubject)
    {
        var requirements = ReadRequirements(node);
        if (requirements.Any(LeavesNamespace))
            return Open(node, requirements);

        if (_namespace is not null)
            return requirements.Any(NamesLabelOfNamespace) ? Open(node, requirements) : new(requirements.Append(OwnNamespace));

        return hasInitSubject ? new(requirements) : new(requirements.Append(AnyNamespace));
    }

    private List<LabelRequirement> ReadRequirements(ManifestNode node)
    {
        var requirements = _requirements.Read(node);
        if (requirements.Any(requirement => requirement.Key == WellKnownLabels.Cluster && !requirement.IsMetBy(OwnCluster)))
            _faults.Warn(
                node, $"the selector names another cluster: every pod is in '{WellKnownLabels.OwnCluster}' here, and it chooses none",
                $"leave '{WellKnownLabels.Cluster}' out, or ask that it exists");
        return requirements;
    }

    // What only excludes lets everything through that has no such label.
    private LabelSelector Open(ManifestNode node, List<LabelRequirement> requirements)
    {
        if (requirements.All(requirement => requirement.Operator is LabelOperator.NotIn or LabelOperator.DoesNotExist))
            _faults.Warn(
                node, "the selector only excludes: it also chooses nodes and what is outside the cluster",
                "add {key: 'k8s:io.kubernetes.pod.namespace', operator: Exists} for pods only");
        return new(requirements);
    }

    /// <summary>Whether a subject is a pod whose labels are not known yet.</summary>
    public static bool IsInit(LabelSelector subject) =>
        subject.Requirements.Any(requirement => requirement is { Source: LabelSet.ReservedSource, Key: "init" });

    private bool NamesAnother(LabelRequirement requirement) =>
        NamesNamespace(requirement) && !requirement.IsMetBy(LabelSet.Of((LabelSet.KubernetesSource, WellKnownLabels.Namespace, _namespace!)));

    private static bool NamesNamespace(LabelRequirement requirement) =>
        requirement is { Key: WellKnownLabels.Namespace, Source: LabelSet.KubernetesSource or LabelSet.AnySource };

    private static bool LeavesNamespace(LabelRequirement requirement) =>
        NamesNamespace(requirement) || requirement.Source == LabelSet.ReservedSource;

    // A policy of the cluster that speaks of them means pods all the same: what has no namespace has none of its labels.
    private static bool NamesLabelOfNamespace(LabelRequirement requirement) =>
        requirement.Key.StartsWith(WellKnownLabels.NamespaceLabelPrefix, StringComparison.Ordinal);
}
