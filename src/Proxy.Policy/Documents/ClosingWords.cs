using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Says in the first fault of a refused document of the cluster what the refusal closes.</summary>
internal static class ClosingWords
{
    private const int MostShown = 3;

    public static IReadOnlyList<ManifestFault> AddTo(IReadOnlyList<ManifestFault> faults, IReadOnlyList<PolicySection> sections) =>
        [faults[0] with { Reason = $"{faults[0].Reason}; {Describe(sections)}" }, .. faults.Skip(1)];

    private static string Describe(IReadOnlyList<PolicySection> sections)
    {
        if (sections.Count == 0)
            return "it is about nodes, and closes no pod";

        var closed = sections.Take(MostShown).Select(Describe).Distinct();
        var more = sections.Count > MostShown ? ", and more" : "";
        return $"without an earlier good version it closes {string.Join(", ", closed)}{more}";
    }

    private static string Describe(PolicySection section)
    {
        var directions = (section.GovernsIngress, section.GovernsEgress) switch
        {
            (true, true) => "ingress and egress",
            (true, false) => "the ingress",
            _ => "the egress",
        };
        return section.Subject.Requirements.Count == 0
            ? $"{directions} of every pod of every namespace"
            : $"{directions} of the pods of every namespace that {ManifestText.Show(section.Subject.ToString())} chooses";
    }
}
