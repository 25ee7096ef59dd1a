using System.Collections;
using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Linting;

/// <summary>Which identities rules and sections choose: computed once for each.</summary>
internal sealed class IdentitySets(IReadOnlyList<Identity> identities)
{
    private readonly Dictionary<CompiledRule, BitArray> _peers = [];
    private readonly Dictionary<CompiledSection, BitArray> _subjects = [];

    public IReadOnlyList<Identity> Identities => identities;

    public BitArray PeersOf(CompiledRule rule) => Of(_peers, rule, identity => rule.Peers.Covers(identity, default));

    public BitArray SubjectsOf(CompiledSection section) =>
        Of(_subjects, section, identity => section.Section.Subject.Matches(identity.Labels));

    public static bool Share(BitArray one, BitArray other) => new BitArray(one).And(other).HasAnySet();

    public IEnumerable<Identity> Shared(BitArray one, BitArray other) =>
        identities.Where((_, i) => one[i] && other[i]);

    public static string TextOf(IEnumerable<Identity> chosen) => RuleWords.List(chosen.Select(NameOf));

    // What tells it from others to a reader: namespace, and the labels of the pod.
    private static string NameOf(Identity identity)
    {
        var space = identity.Labels.TryGet(LabelSet.KubernetesSource, WellKnownLabels.Namespace, out var found) ? found : "";
        var own = identity.Labels.Labels.ToArray().Where(label => !label.Key.StartsWith("io.", StringComparison.Ordinal))
            .Select(label => $"{label.Key}={label.Value}");
        return $"{space} ({string.Join(',', own)})";
    }

    private BitArray Of<T>(Dictionary<T, BitArray> known, T key, Func<Identity, bool> isChosen)
        where T : class
    {
        if (!known.TryGetValue(key, out var set))
            known.Add(key, set = new BitArray([.. identities.Select(isChosen)]));
        return set;
    }
}
