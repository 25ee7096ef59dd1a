using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Proxy.Policy.Matching;

/// <summary>The classes of ports that the rules of one subject tell apart: one set for each meaning of the names they use.</summary>
internal sealed class SubjectPorts
{
    private readonly PortEntry[] _named;
    private readonly PortSpan[] _numbered;
    private readonly ConditionalWeakTable<NamedPorts, PortClasses> _byNames = [];
    private readonly ConcurrentDictionary<string, PortClasses> _byMeaning = new(StringComparer.Ordinal);

    public SubjectPorts(IEnumerable<CompiledRule> rules)
    {
        PortEntry[] entries = [.. rules.SelectMany(rule => rule.Rule.Ports.Entries).Distinct()];
        _named = [.. entries.Where(entry => entry.Name is not null)];
        _numbered = [.. entries.Where(entry => entry.Name is null).Select(entry => PortSpan.Of(entry, null)!.Value).Distinct()];
        Unnamed = PortClasses.Of(_numbered);
    }

    /// <summary>For servers without names.</summary>
    public PortClasses Unnamed { get; }

    public PortClasses Of(NamedPorts? names)
    {
        if (_named.Length == 0 || names is null)
            return Unnamed;

        return _byNames.TryGetValue(names, out var classes) ? classes : Resolve(names);
    }

    private PortClasses Resolve(NamedPorts names)
    {
        PortSpan?[] spans = [.. _named.Select(entry => PortSpan.Of(entry, names))];
        // Which name means which port: an answer for one server is none for another whose names have changed places.
        var meaning = string.Join(',', spans.Select(span => span?.First.ToString(CultureInfo.InvariantCulture)));
        var classes = Array.TrueForAll(spans, span => span is null)
            ? Unnamed
            : _byMeaning.GetOrAdd(meaning, _ => PortClasses.Of([.. _numbered.Concat(spans.OfType<PortSpan>()).Distinct()]));
        _byNames.AddOrUpdate(names, classes);
        return classes;
    }
}
