using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Linting;

/// <summary>Which identities rules and sections choose: computed once for each.</summary>
internal sealed class IdentitySets(IReadOnlyList<Identity> identities)
{
    private const int Bits = 64;

    private readonly Dictionary<CompiledRule, ulong[]> _peers = [];
    private readonly Dictionary<CompiledSection, ulong[]> _subjects = [];

    public IReadOnlyList<Identity> Identities => identities;

    public ulong[] PeersOf(CompiledRule rule) => Of(_peers, rule, identity => rule.Peers.Covers(identity, default));

    public ulong[] SubjectsOf(CompiledSection section) =>
        Of(_subjects, section, identity => section.Section.Subject.Matches(identity.Labels));

    /// <summary>Asked about very many pairs: it allocates nothing.</summary>
    public static bool Share(ulong[] one, ulong[] other)
    {
        for (var i = 0; i < one.Length; i++)
        {
            if ((one[i] & other[i]) != 0)
                return true;
        }

        return false;
    }

    /// <summary>Whether the identity at this place of <see cref="Identities"/> is one of them.</summary>
    public static bool Has(ulong[] set, int index) => (set[index / Bits] & (1UL << (index % Bits))) != 0;

    public IEnumerable<Identity> Shared(ulong[] one, ulong[] other) =>
        identities.Where((_, i) => Has(one, i) && Has(other, i));

    public static string TextOf(IEnumerable<Identity> chosen) => RuleWords.List(chosen.Select(NameOf));

    // What tells it from others to a reader: namespace, and the labels of the pod.
    private static string NameOf(Identity identity)
    {
        var space = identity.Labels.TryGet(LabelSet.KubernetesSource, WellKnownLabels.Namespace, out var found) ? found : "";
        var own = identity.Labels.Labels.ToArray().Where(label => !label.Key.StartsWith("io.", StringComparison.Ordinal))
            .Select(label => $"{label.Key}={label.Value}");
        return $"{space} ({string.Join(',', own)})";
    }

    private ulong[] Of<T>(Dictionary<T, ulong[]> known, T key, Func<Identity, bool> isChosen)
        where T : class
    {
        if (known.TryGetValue(key, out var set))
            return set;
        known.Add(key, set = new ulong[(identities.Count + Bits - 1) / Bits]);
        for (var i = 0; i < identities.Count; i++)
        {
            if (isChosen(identities[i]))
                set[i / Bits] |= 1UL << (i % Bits);
        }

        return set;
    }
}
