namespace Proxy.Policy.Documents;

/// <summary>One document of a manifest.</summary>
/// <param name="File">The file as it was named to the reader.</param>
/// <param name="Root">The document's keys.</param>
public sealed record ManifestDocument(string File, ManifestMapping Root)
{
    /// <summary>
    /// What is wrong with its form, when documents of a file are read each for itself: then it is refused, and what is faulty in
    /// it is left out.
    /// </summary>
    public IReadOnlyList<ManifestFault> Faults { get; init; } = [];

    /// <summary>Empty when absent.</summary>
    public string ApiVersion => TextOf(Root["apiVersion"]);

    /// <summary>Empty when absent.</summary>
    public string Kind => TextOf(Root["kind"]);

    /// <summary><c>metadata.name</c>; empty when absent.</summary>
    public string Name => TextOf((Root["metadata"] as ManifestMapping)?["name"]);

    /// <summary><c>metadata.namespace</c>; empty when absent.</summary>
    public string Namespace => TextOf((Root["metadata"] as ManifestMapping)?["namespace"]);

    private static string TextOf(ManifestNode? node) => node is ManifestScalar { IsNull: false } scalar ? scalar.Value : "";
}

/// <summary>What was read from one file: documents, or faults and no document at all.</summary>
/// <param name="Documents">In the order of the file, lists expanded; empty when there is a fault.</param>
/// <param name="Faults">Why the file is refused.</param>
public sealed record ManifestFile(IReadOnlyList<ManifestDocument> Documents, IReadOnlyList<ManifestFault> Faults);
