using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>
/// What a refused document closes. What can be read of its subjects and directions is believed; where anything in
/// them is faulty, the wider reading holds: the whole namespace, every namespace, both directions.
/// </summary>
internal sealed class ClosingReading(
    ManifestDocument document, string @namespace, bool isPlaced, RuleReference reference)
{
    private static readonly LabelSelector EveryPod = new([]);

    private readonly FaultLog _faults = new(document.File, "");

    public IReadOnlyList<PolicySection> Read()
    {
        List<ManifestNode> rules = [.. Rules()];
        List<PolicySection> sections = [.. rules.Where(rule => !SelectsNodes(rule)).Select(ReadRule)];
        if (rules.Count == 0 || document.Root.Entries.Any(entry => MayHoldRule(entry.Key, entry.Value)))
            sections.Add(Close(Widest, true, true));
        return sections;
    }

    private bool IsOfCluster => document.Kind == PolicyParser.Clusterwide;

    private bool IsKubernetes => document.Kind == PolicyParser.Kubernetes;

    private LabelSelector Widest => isPlaced && !IsOfCluster ? new SelectorReading(@namespace, _faults).WholeNamespace : EveryPod;

    private IEnumerable<ManifestNode> Rules()
    {
        if (document.Root.Find("spec") is { } spec)
            yield return spec;

        if (document.Root.Find("specs") is { } specs)
        {
            foreach (var item in specs is ManifestSequence sequence ? sequence.Items : [specs])
                yield return item;
        }
    }

    // "spce" beside "spec" selects workloads too, and nobody knows which.
    private static bool MayHoldRule(ManifestScalar key, ManifestNode value) =>
        value is not ManifestScalar && !KeySchema.Root.Knows(key.Value);

    // Nodes are not workloads: nothing of theirs is captured.
    private bool SelectsNodes(ManifestNode node) =>
        IsOfCluster
        && node is ManifestMapping rule
        && rule["nodeSelector"] is ManifestMapping
        && rule["endpointSelector"] is null
        && rule.Entries.All(entry => KeySchema.Rule.Knows(entry.Key.Value));

    private PolicySection ReadRule(ManifestNode node)
    {
        if (node is not ManifestMapping rule)
            return Close(Widest, true, true);

        var (ingress, egress) = DirectionsOf(rule);
        return Close(SubjectOf(rule), ingress, egress);
    }

    // Keys that are not understood may be a direction, misspelled.
    private (bool Ingress, bool Egress) DirectionsOf(ManifestMapping rule)
    {
        var schema = IsKubernetes ? KeySchema.KubernetesRule : KeySchema.Rule;
        var isUnclear = rule.Entries.Any(entry => !schema.Knows(entry.Key.Value));
        var types = rule["policyTypes"] as ManifestSequence;
        // Without types a NetworkPolicy governs ingress, whatever it holds.
        var isByDefault = IsKubernetes && types is null;
        var ingress = isByDefault || rule["ingress"] is not null || rule["ingressDeny"] is not null || Names(types, "Ingress");
        var egress = rule["egress"] is not null || rule["egressDeny"] is not null || Names(types, "Egress");
        return isUnclear || !(ingress || egress) ? (true, true) : (ingress, egress);
    }

    private static bool Names(ManifestSequence? types, string direction) =>
        types is not null && types.Items.Any(item => item is ManifestScalar scalar && scalar.Value == direction);

    private LabelSelector SubjectOf(ManifestMapping rule)
    {
        if (rule.Find(IsKubernetes ? "podSelector" : "endpointSelector") is not { } node)
            return Widest;

        var before = _faults.Count;
        var selectors = new SelectorReading(@namespace, _faults);
        var subject = isPlaced && !IsOfCluster ? selectors.ReadSubject(node) : selectors.ReadAnywhere(node);
        return _faults.Count == before ? subject : Widest;
    }

    private PolicySection Close(LabelSelector subject, bool ingress, bool egress) =>
        new(subject, reference, []) { GovernsIngress = ingress, GovernsEgress = egress, IsClosed = true };
}
