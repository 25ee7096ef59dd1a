using System.Collections.Frozen;

namespace Proxy.Policy.Labels;

/// <summary>Label keys with a meaning of their own, as Cilium names them.</summary>
internal static class WellKnownLabels
{
    public const string Namespace = "io.kubernetes.pod.namespace";
    public const string ServiceAccount = "io.cilium.k8s.policy.serviceaccount";
    public const string Cluster = "io.cilium.k8s.policy.cluster";
    public const string NamespaceLabelPrefix = "io.cilium.k8s.namespace.labels.";

    /// <summary>The label that the API server gives to every namespace: its name.</summary>
    public const string NamespaceName = "kubernetes.io/metadata.name";

    /// <summary>The name of a cluster that nobody has named, as Cilium has it.</summary>
    public const string OwnCluster = "default";

    private const string ComputedPrefix = "io.cilium.k8s.";

    // Kubernetes gives these to single pods or to one generation of them; as part of an identity they would give
    // every replica a number of its own.
    private static readonly FrozenSet<string> PerPod = new[]
    {
        "pod-template-hash",
        "pod-template-generation",
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/controller-uid",
        "controller-uid",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether the label tells single pods apart, so that no identity has it and no selector finds it.</summary>
    public static bool IsOfOnePod(string podLabelKey) => PerPod.Contains(podLabelKey);

    /// <summary>Whether a pod's own label belongs to its identity; computed keys never come from the pod.</summary>
    public static bool IsRelevant(string podLabelKey) =>
        podLabelKey != Namespace
        && !podLabelKey.StartsWith(ComputedPrefix, StringComparison.Ordinal)
        && !PerPod.Contains(podLabelKey);
}
