using Proxy.Policy.Documents;

namespace Proxy.Policy.Matching;

/// <summary>The sections of all documents, with those of an earlier table where nothing changed.</summary>
internal sealed class SectionTable
{
    private readonly Dictionary<PolicyDocument, CompiledSection[]> _ofDocument;
    private readonly ContextLookup _lookup;

    private SectionTable(Dictionary<PolicyDocument, CompiledSection[]> ofDocument, ContextLookup lookup)
    {
        _ofDocument = ofDocument;
        _lookup = lookup;
        Sections = [.. ofDocument.Values.SelectMany(sections => sections)];
        Index = new SectionIndex(Sections);
    }

    public static SectionTable Empty { get; } = new([], new ContextLookup(PolicyContext.Empty, PolicySecrets.None));

    /// <summary>In the order of the documents.</summary>
    public CompiledSection[] Sections { get; }

    public SectionIndex Index { get; }

    public static SectionTable Of(IEnumerable<PolicyDocument> documents, PolicyContext context, SectionTable previous)
    {
        var lookup = previous.LookupIn(context);
        var compiled = new Dictionary<PolicyDocument, CompiledSection[]>(ReferenceEqualityComparer.Instance);
        foreach (var document in documents)
        {
            if (!compiled.ContainsKey(document))
                compiled.Add(document, previous.Reuse(document, lookup) ?? Compile(document, lookup));
        }

        return new SectionTable(compiled, lookup);
    }

    private ContextLookup LookupIn(PolicyContext context)
    {
        var before = _lookup.Context;
        return ReferenceEquals(context, before)
            ? _lookup
            : new ContextLookup(context, context.Secrets.SequenceEqual(before.Secrets) ? _lookup.Secrets : new PolicySecrets(context.Secrets));
    }

    private static CompiledSection[] Compile(PolicyDocument document, ContextLookup lookup) =>
        [.. document.Sections.Select(section => CompiledSection.Of(document, section, lookup))];

    private CompiledSection[]? Reuse(PolicyDocument document, ContextLookup lookup)
    {
        if (!_ofDocument.TryGetValue(document, out var known) || ReferenceEquals(lookup, _lookup))
            return known;

        var compiled = Compile(document, lookup);
        return compiled.Zip(known).All(pair => pair.First.IsSameAs(pair.Second)) ? known : compiled;
    }
}
