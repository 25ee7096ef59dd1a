using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>Finds the sections that select a subject without trying those of other namespaces.</summary>
internal sealed class SectionIndex
{
    private readonly CompiledSection[] _sections;
    private readonly Dictionary<string, List<int>> _ofNamespace = new(StringComparer.Ordinal);
    private readonly List<int> _others = [];

    public SectionIndex(CompiledSection[] sections)
    {
        _sections = sections;
        for (var i = 0; i < sections.Length; i++)
        {
            foreach (var list in ListsOf(sections[i].Section.Subject))
                list.Add(i);
        }
    }

    /// <summary>In the order of the documents.</summary>
    public CompiledSection[] Select(Direction direction, Identity subject)
    {
        List<int> found = [];
        if (subject.Labels.TryGet(LabelSet.KubernetesSource, WellKnownLabels.Namespace, out var space)
            && _ofNamespace.TryGetValue(space, out var candidates))
            AddSelecting(candidates, direction, subject, found);

        AddSelecting(_others, direction, subject, found);
        found.Sort();
        return [.. found.Select(i => _sections[i])];
    }

    public static bool Selects(CompiledSection section, Direction direction, Identity subject) =>
        section.Section.Governs(direction) && section.Section.Subject.Matches(subject.Labels);

    private void AddSelecting(List<int> candidates, Direction direction, Identity subject, List<int> found)
    {
        foreach (var i in candidates)
        {
            if (Selects(_sections[i], direction, subject))
                found.Add(i);
        }
    }

    private IEnumerable<List<int>> ListsOf(LabelSelector subject)
    {
        var bound = subject.Requirements.FirstOrDefault(requirement => requirement
            is { Source: LabelSet.KubernetesSource, Key: WellKnownLabels.Namespace, Operator: LabelOperator.In });
        return bound is null ? [_others] : bound.Values.Distinct().Select(ListOf);
    }

    private List<int> ListOf(string space)
    {
        if (!_ofNamespace.TryGetValue(space, out var list))
            _ofNamespace.Add(space, list = []);
        return list;
    }
}
