using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Tells of exclusions that go round a policy: who wrote the policy may not know of them.</summary>
internal static class ExclusionLint
{
    /// <summary>A warning for each pod and document that governs a direction in which something of the pod is excluded.</summary>
    public static IEnumerable<ManifestFault> Find(
        IEnumerable<PodDocument> pods, IReadOnlyList<Workload> workloads, IReadOnlyList<PolicyDocument> documents)
    {
        var places = pods.Where(pod => !pod.Exclusions.IsEmpty).ToLookup(pod => (pod.Namespace, pod.Name), pod => pod.Place);
        foreach (var workload in workloads.Where(workload => workload.IsEnrolled && !workload.Exclusions.IsEmpty))
        {
            var place = places[(workload.Namespace, workload.Name)].First();
            foreach (var warning in documents.SelectMany(document => Find(workload, document)))
                yield return place.Fault(warning);
        }
    }

    private static IEnumerable<string> Find(Workload workload, PolicyDocument document)
    {
        var excluded = workload.Exclusions;
        var title = $"{document.Kind} {document.Namespace}/{document.Name}";
        if (excluded.InboundPorts.Count > 0 && document.Governs(Direction.Ingress, workload.Identity))
            yield return $"inbound ports {TextOf(excluded.InboundPorts)} are excluded and go round {title}";
        if (!document.Governs(Direction.Egress, workload.Identity))
            yield break;
        if (excluded.OutboundPorts.Count > 0)
            yield return $"outbound ports {TextOf(excluded.OutboundPorts)} are excluded and go round {title}";
        if (excluded.OutboundCidrs.Count > 0)
            yield return $"outbound ranges {TextOf(excluded.OutboundCidrs)} are excluded and go round {title}";
    }

    private static string TextOf<T>(IReadOnlyList<T> items) => string.Join(',', items);
}
