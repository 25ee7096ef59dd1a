using System.Collections.Frozen;

namespace Proxy.Policy.Documents;

/// <summary>What is wrong with the form of one document of a file.</summary>
/// <param name="At">Where in the tree: the document is at its root.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Reason">As in a fault.</param>
/// <param name="Hint">As in a fault.</param>
internal sealed record TreeFault(ManifestNode At, int Line, int Column, string Reason, string Hint)
{
    // Faults of these leave open what kind of document it is.
    private static readonly FrozenSet<string> Decisive = new[] { "kind", "apiVersion", "<<", "items" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Gives every document its faults.</summary>
    /// <exception cref="ManifestRefused">One of them is of no document, or leaves open what kind it is.</exception>
    public static IReadOnlyList<ManifestDocument> Attribute(IReadOnlyList<ManifestDocument> documents, IReadOnlyList<TreeFault> faults)
    {
        if (faults.Count == 0)
            return documents;

        var byRoot = faults.ToLookup(fault => fault.At.Top.Root);
        var roots = documents.Select(document => document.Root).ToHashSet<ManifestNode>(ReferenceEqualityComparer.Instance);
        if (faults.FirstOrDefault(fault => !fault.IsOf(roots)) is { } lost)
            throw new ManifestRefused(lost.Line, lost.Column, lost.At.Path, lost.Reason, lost.Hint);

        return [.. documents.Select(document => document with { Faults = [.. byRoot[document.Root].Select(fault => fault.Of(document))] })];
    }

    private bool IsOf(HashSet<ManifestNode> roots) =>
        At.Top is var (root, key) && key is not null && roots.Contains(root) && !Decisive.Contains(key);

    private ManifestFault Of(ManifestDocument document) => new(document.File, Line, Column, "", At.Path, Reason, Hint);
}
