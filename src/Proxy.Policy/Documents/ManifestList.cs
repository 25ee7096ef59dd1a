namespace Proxy.Policy.Documents;

/// <summary>Makes documents of the items of lists, as <c>kubectl get -o yaml</c> writes them.</summary>
internal static class ManifestList
{
    private const string Suffix = "List";

    public static IReadOnlyList<ManifestDocument> Expand(string file, IReadOnlyList<ManifestMapping> roots)
    {
        var documents = new List<ManifestDocument>(roots.Count);
        var waiting = new Stack<ManifestMapping>(roots.Reverse());
        while (waiting.TryPop(out var root))
        {
            var document = new ManifestDocument(file, root);
            if (IsList(document))
                PushItems(root, waiting);
            else
                documents.Add(document);
        }

        return documents;
    }

    private static bool IsList(ManifestDocument document) =>
        document.Kind.EndsWith(Suffix, StringComparison.Ordinal) && document.Root["items"] is not null;

    private static void PushItems(ManifestMapping list, Stack<ManifestMapping> waiting)
    {
        if (list["items"] is ManifestScalar { IsNull: true })
            return;

        if (list["items"] is not ManifestSequence items)
            throw Refuse(list["items"]!, "the items of a list must be a sequence");

        foreach (var item in items.Items.Reverse())
            waiting.Push(Detached(item));
    }

    // An item without a kind would be ignored by everyone, a policy among them.
    private static ManifestMapping Detached(ManifestNode item)
    {
        if (item is not ManifestMapping mapping || mapping["kind"] is not ManifestScalar { IsNull: false })
            throw Refuse(item, "an item of a list must be a document with a kind of its own");

        mapping.Detach();
        return mapping;
    }

    private static ManifestRefused Refuse(ManifestNode node, string reason) =>
        new(node.Line, node.Column, node.Path, reason);
}
