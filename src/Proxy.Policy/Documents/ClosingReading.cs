using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>
/// What a refused document closes. What can be read of its subjects and directions is believed; where anything in
/// them is faulty, the wider reading holds: the whole namespace, every namespace, both directions.
/// </summary>
internal sealed class ClosingReading
{
    private static readonly LabelSelector EveryPod = new([]);
    private static readonly KeySchema KubernetesRule = new(["podSelector", "policyTypes", "ingress", "egress"], []);

    private readonly ManifestDocument _document;
    private readonly RuleReference _reference;
    private readonly FaultLog _faults;
    private readonly bool _isOfCluster;
    private readonly bool _isKubernetes;
    private readonly bool _isPlaced;
    private readonly SelectorReading _selectors;
    private readonly KubernetesPeerReading _kubernetes;

    /// <param name="document">The refused document.</param>
    /// <param name="namespace">Where it seems to be.</param>
    /// <param name="isPlaced">Whether it is there for certain.</param>
    /// <param name="reference">Its first fault.</param>
    public ClosingReading(ManifestDocument document, string @namespace, bool isPlaced, RuleReference reference)
    {
        var kind = PolicyParser.MeantKind(document);
        _document = document;
        _reference = reference;
        _faults = new FaultLog(document.File, "");
        _isOfCluster = kind == PolicyParser.Clusterwide;
        _isKubernetes = kind == PolicyParser.Kubernetes;
        _isPlaced = isPlaced && !_isOfCluster && !document.Faults.Any(fault => fault.Path.StartsWith("metadata", StringComparison.Ordinal));
        _selectors = new SelectorReading(_isOfCluster ? null : @namespace, _faults);
        _kubernetes = new KubernetesPeerReading(@namespace, _faults);
    }

    public IReadOnlyList<PolicySection> Read()
    {
        // What a key says that is written twice, or an alias, is in the tree half or not at all.
        if (_document.Faults.Count > 0)
            return [Close(Widest, true, true)];

        List<ManifestNode> rules = [.. Rules()];
        List<PolicySection> sections = [.. rules.Where(rule => !SelectsNodes(rule)).Select(ReadRule)];
        if (rules.Count == 0 || _document.Root.Entries.Any(entry => MayHoldRule(entry.Key, entry.Value)))
            sections.Add(Close(Widest, true, true));
        return sections;
    }

    private LabelSelector Widest => _isPlaced ? _selectors.Whole : EveryPod;

    private IEnumerable<ManifestNode> Rules()
    {
        if (_document.Root.Find("spec") is { } spec)
            yield return spec;

        if (_document.Root.Find("specs") is { } specs)
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
        _isOfCluster
        && node is ManifestMapping rule
        && rule["nodeSelector"] is ManifestMapping
        && rule["endpointSelector"] is null
        && rule.Entries.All(entry => KeySchema.Rule.Knows(entry.Key.Value));

    private PolicySection ReadRule(ManifestNode node)
    {
        if (node is not ManifestMapping rule)
            return Close(Widest, true, true);

        var (ingress, egress) = _isKubernetes ? KubernetesDirections(rule) : CiliumDirections(rule);
        return Close(SubjectOf(rule), ingress, egress);
    }

    // Keys that are not understood may be a direction, misspelled.
    private static (bool Ingress, bool Egress) CiliumDirections(ManifestMapping rule)
    {
        var deny = rule["enableDefaultDeny"];
        var isUnclear = rule.Entries.Any(entry => !KeySchema.Rule.Knows(entry.Key.Value))
            || (deny is not null && !(deny is ManifestMapping { } directions && directions.Entries.All(entry => KeySchema.DefaultDeny.Knows(entry.Key.Value))));
        var ingress = rule["ingress"] is not null || rule["ingressDeny"] is not null || MayIsolate(deny, "ingress");
        var egress = rule["egress"] is not null || rule["egressDeny"] is not null || MayIsolate(deny, "egress");
        return isUnclear || !(ingress || egress) ? (true, true) : (ingress, egress);
    }

    private static bool MayIsolate(ManifestNode? deny, string direction) =>
        deny is ManifestMapping directions && directions[direction] is { } value && value is not ManifestScalar { Value: "false" };

    private static (bool Ingress, bool Egress) KubernetesDirections(ManifestMapping rule)
    {
        if (rule.Entries.Any(entry => !KubernetesRule.Knows(entry.Key.Value)))
            return (true, true);

        // Without types a NetworkPolicy governs ingress, whatever it holds.
        if (rule.Find("policyTypes") is not { } node || node is ManifestSequence { Items.Count: 0 })
            return (true, rule["egress"] is not null);

        if (node is not ManifestSequence types || types.Items.Any(item => item is not ManifestScalar { Value: "Ingress" or "Egress" }))
            return (true, true);

        return (Names(types, "Ingress"), Names(types, "Egress"));
    }

    private static bool Names(ManifestSequence types, string direction) =>
        types.Items.Any(item => item is ManifestScalar scalar && scalar.Value == direction);

    private LabelSelector SubjectOf(ManifestMapping rule)
    {
        if (rule.Find(_isKubernetes ? "podSelector" : "endpointSelector") is not { } node)
            return Widest;

        var before = _faults.Count;
        var subject = ReadSubject(node);
        return _faults.Count == before ? subject : Widest;
    }

    private LabelSelector ReadSubject(ManifestNode node)
    {
        if (_isKubernetes)
            return _isPlaced ? _kubernetes.Subject(node) : _kubernetes.SubjectAnywhere(node);

        return _isPlaced ? _selectors.ReadSubject(node) : _selectors.ReadAnywhere(node);
    }

    private PolicySection Close(LabelSelector subject, bool ingress, bool egress) =>
        new(subject, _reference, []) { GovernsIngress = ingress, GovernsEgress = egress, IsClosed = true };
}
