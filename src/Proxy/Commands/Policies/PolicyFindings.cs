using Proxy.Cluster;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Linting;

namespace Proxy.Commands.Policies;

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

    /// <summary>Conflicts and lint of one snapshot, as warnings of the first document that each is about.</summary>
    public IEnumerable<ManifestFault> Find(ClusterSnapshot cluster)
    {
        var ids = cluster.Workloads.DistinctBy(workload => workload.Identity)
            .ToDictionary(workload => workload.Identity, workload => workload.ExpectedId.ToString());
        var scope = new LintScope { Identities = [.. ids.Keys], IdOf = ids.GetValueOrDefault, PodCidrs = cluster.PodCidrs };
        return cluster.Policies.Conflicts
            .Concat(PolicyLint.Find(cluster.Documents, cluster.PolicyContext, scope))
            .Select(ToWarning);
    }

    private ManifestFault ToWarning(PolicyFinding finding)
    {
        var first = finding.Rules[0];
        var place = _places.GetValueOrDefault((first.Kind, first.Namespace, first.Name));
        var others = finding.Rules.Skip(1).ToArray();
        var reason = others.Length == 0 ? finding.Reason : $"{finding.Reason}: see {string.Join(", ", others.AsEnumerable())}";
        return new ManifestFault(
            place?.File ?? "", place?.Root.Line ?? 1, 1, $"{first.Kind} {first.Namespace}/{first.Name}", first.RulePath, reason, finding.Hint);
    }
}
