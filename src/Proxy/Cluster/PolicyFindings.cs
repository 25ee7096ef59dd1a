using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Linting;

namespace Proxy.Cluster;

/// <summary>One thing that documents say together, as a warning of the first that it is about.</summary>
/// <param name="Fault">Where and what.</param>
/// <param name="Key">The same for the same rules and kind, whoever the pods are that it names.</param>
internal sealed record PolicyWarning(ManifestFault Fault, string Key);

/// <summary>What documents say together and their authors may not know, with the places where it is written.</summary>
internal sealed class PolicyFindings
{
    private readonly Dictionary<(string Kind, string Namespace, string Name), ManifestDocument> _places = [];

    public PolicyFindings(IEnumerable<ManifestFileState> files)
    {
        foreach (var written in files.SelectMany(file => file.Objects))
        {
            if (written.Value is PolicyDocument policy)
                _places.TryAdd((policy.Kind, policy.Namespace, policy.Name), written.Document);
        }
    }

    /// <summary>Conflicts and lint of one snapshot.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<PolicyWarning> Find(ClusterSnapshot cluster, CancellationToken stop = default)
    {
        var ids = cluster.Workloads.DistinctBy(workload => workload.Identity)
            .ToDictionary(workload => workload.Identity, workload => workload.ExpectedId.ToString());
        var scope = new LintScope { Identities = [.. ids.Keys], IdOf = ids.GetValueOrDefault, PodCidrs = cluster.PodCidrs };
        return [.. PolicyLint.Find(cluster.Documents, cluster.PolicyContext, scope, stop).Select(ToWarning)];
    }

    private PolicyWarning ToWarning(PolicyFinding finding)
    {
        var first = finding.Rules[0];
        var place = _places.GetValueOrDefault((first.Kind, first.Namespace, first.Name));
        var others = finding.Rules.Skip(1).ToArray();
        var reason = others.Length == 0 ? finding.Reason : $"{finding.Reason}: see {string.Join(", ", others.AsEnumerable())}";
        var node = place is null ? null : NodeAt(place.Root, first.RulePath);
        var fault = new ManifestFault(place?.File ?? "", node?.Line ?? 1, node?.Column ?? 1, TitleOf(first), first.RulePath, reason, finding.Hint);
        return new PolicyWarning(fault, $"{string.Join(", ", finding.Rules)}: {(finding.Hint.Length > 0 ? finding.Hint : finding.Reason)}");
    }

    // As far as the path leads: what is written now may not be what is in force.
    private static ManifestNode NodeAt(ManifestNode node, string path)
    {
        while (ChildrenOf(node).FirstOrDefault(child => LeadsTo(child.Path, path)) is { } child)
            node = child;
        return node;
    }

    private static bool LeadsTo(string step, string path) =>
        path.StartsWith(step, StringComparison.Ordinal) && (path.Length == step.Length || path[step.Length] is '.' or '[');

    private static IEnumerable<ManifestNode> ChildrenOf(ManifestNode node) => node switch
    {
        ManifestMapping mapping => mapping.Entries.Select(entry => entry.Value),
        ManifestSequence sequence => sequence.Items,
        _ => [],
    };

    private static string TitleOf(RuleReference rule) =>
        rule.Namespace.Length == 0 ? $"{rule.Kind} {rule.Name}" : $"{rule.Kind} {rule.Namespace}/{rule.Name}";
}
