using System.Collections.Frozen;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Documents;

/// <summary>Warns of keys that are legal and that nothing has.</summary>
internal sealed class SelectorTraps(FaultLog faults)
{
    private const string OfNamespaces = "namespaces have this label, and hardly any pod";
    private const string OfOnePod = "the label differs from pod to pod and is part of no identity: it is as if no pod had it";
    private const string OfOnePodHint = "choose by a label that all replicas share, or that you give them yourself";

    private static readonly FrozenSet<string> ReservedNames = new[]
    {
        "all", "host", "world", "world-ipv4", "world-ipv6", "unmanaged", "health", "init", "remote-node", "kube-apiserver",
        "ingress", "unknown",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly string[] Sources = [LabelSet.KubernetesSource, LabelSet.ReservedSource, LabelSet.AnySource];

    public void Look(ManifestNode key, string source, string name)
    {
        if (source == LabelSet.ReservedSource && !ReservedNames.Contains(name))
            faults.Warn(key, $"nothing has the label 'reserved:{ManifestText.Show(name)}'", HintFor(name));
        else if (WellKnownLabels.IsOfOnePod(name))
            faults.Warn(key, OfOnePod, OfOnePodHint);
        else if (name == WellKnownLabels.NamespaceName)
            faults.Warn(key, OfNamespaces, $"write 'k8s:{WellKnownLabels.Namespace}' for the namespace");
        else if (Sources.FirstOrDefault(meant => IsDotted(name, meant)) is { } meant)
            faults.Warn(
                key, $"the key '{ManifestText.Show(name)}' has a dot where its source ends: it is a label that hardly anything has",
                $"did you mean '{meant}:{ManifestText.Show(name[(meant.Length + 1)..])}'?");
    }

    private static string HintFor(string name) =>
        Spelling.Nearest(name, ReservedNames) is { } nearest ? $"did you mean 'reserved:{nearest}'?" : "";

    /// <summary>Of a selector of pods in a NetworkPolicy.</summary>
    public void LookAtPods(ManifestNode key, string source, string name)
    {
        if (WellKnownLabels.IsOfOnePod(name))
            faults.Warn(key, OfOnePod, OfOnePodHint);
        else if (name == WellKnownLabels.NamespaceName)
            faults.Warn(key, OfNamespaces, "write it under a namespaceSelector");
    }

    // "k8s.io/x" and the like are ordinary prefixes of labels.
    private static bool IsDotted(string key, string source) =>
        key.Length > source.Length + 1
        && key[source.Length] == '.'
        && key.StartsWith(source, StringComparison.Ordinal)
        && !key.StartsWith("k8s.io/", StringComparison.Ordinal);
}
