using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads whom a NetworkPolicy is about: its subject and its peers.</summary>
internal sealed class KubernetesPeerReading(string @namespace, FaultLog faults)
{
    private static readonly KeySchema Peer = new(["podSelector", "namespaceSelector", "ipBlock"], []);

    private static readonly LabelRequirement AnyNamespace =
        new(LabelSet.KubernetesSource, WellKnownLabels.Namespace, LabelOperator.Exists, []);

    private readonly CidrReading _ranges = new(faults);
    private readonly RequirementReading _pods = new(LabelSyntax.TryPlain, faults) { TakesNull = true, Seen = new SelectorTraps(faults).LookAtPods };
    private readonly RequirementReading _namespaces = new(LabelSyntax.TryOfNamespace, faults) { TakesNull = true };

    private LabelRequirement OwnNamespace =>
        LabelRequirement.Equal(LabelSet.KubernetesSource, WellKnownLabels.Namespace, @namespace);

    /// <summary>The pods that the policy is about: without a selector all of its namespace.</summary>
    public LabelSelector Subject(ManifestNode? node) => new(ReadPods(node).Append(OwnNamespace));

    /// <summary>The same pods in every namespace, for a policy whose namespace is not known.</summary>
    public LabelSelector SubjectAnywhere(ManifestNode node) => new(ReadPods(node));

    /// <summary>The peers of one item: pods and ranges apart, because a rule has one kind of peer.</summary>
    public IReadOnlyList<PeerMatch> Read(IReadOnlyList<ManifestNode> items)
    {
        var pods = new List<LabelSelector>();
        var ranges = new List<CidrMatch>();
        foreach (var item in items)
            ReadPeer(item, pods, ranges);
        WarnOfAlternatives(items);

        var peers = new List<PeerMatch>(2);
        if (pods.Count > 0)
            peers.Add(PeerMatch.OneOf(pods));
        if (ranges.Count > 0)
            peers.Add(PeerMatch.OneOf(ranges));
        return peers;
    }

    // The usual slip: one '-' too many, and instead of some pods of those namespaces it is all of them.
    private void WarnOfAlternatives(IReadOnlyList<ManifestNode> items)
    {
        if (items is not [ManifestMapping { Entries.Count: 1 } first, ManifestMapping { Entries.Count: 1 } second])
            return;

        var (pod, space) = (first["podSelector"] ?? second["podSelector"], first["namespaceSelector"] ?? second["namespaceSelector"]);
        if (space is ManifestMapping && pod is ManifestMapping chosen && chosen.Entries.Any(entry => !IsEmpty(entry.Value)))
            faults.Warn(
                second, "two peers are alternatives: every pod of the namespaces that are chosen, and the chosen pods of the policy's own namespace",
                "if these pods of those namespaces are meant, write both selectors in one peer: the second without its '-'");
    }

    private static bool IsEmpty(ManifestNode node) =>
        node is ManifestScalar { IsNull: true } or ManifestMapping { Entries.Count: 0 } or ManifestSequence { Items.Count: 0 };

    private void ReadPeer(ManifestNode node, List<LabelSelector> pods, List<CidrMatch> ranges)
    {
        if (node.AsMapping(faults) is not { } peer)
            return;

        Peer.Check(peer, faults);
        var (pod, space, block) = (peer.Find("podSelector"), peer.Find("namespaceSelector"), peer.Find("ipBlock"));
        if (block is not null && (pod is not null || space is not null))
            faults.Add(block, "an ipBlock cannot stand beside a selector", "write it as a peer of its own");
        else if (block is not null)
            AddRange(block, ranges);
        else if (pod is not null || space is not null)
            pods.Add(ReadSelectors(pod, space));
        else
            faults.Add(peer, "a peer needs a podSelector, a namespaceSelector or an ipBlock", "write 'from: []' or leave it out for everybody");
    }

    private void AddRange(ManifestNode block, List<CidrMatch> ranges)
    {
        if (_ranges.ReadBlock(block) is { } range)
            ranges.Add(range);
    }

    // Only pods have namespaces: what a NotIn of their labels lets through must still be one.
    private LabelSelector ReadSelectors(ManifestNode? pod, ManifestNode? space)
    {
        var pods = ReadPods(pod);
        return space is null ? new(pods.Append(OwnNamespace)) : new(pods.Concat(_namespaces.Read(space)).Append(AnyNamespace));
    }

    private List<LabelRequirement> ReadPods(ManifestNode? node) => node is null ? [] : _pods.Read(node);
}
