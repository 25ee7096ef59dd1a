using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>What makes two documents one object, whatever files they are in.</summary>
internal sealed record ObjectKey(string Group, string Kind, string Namespace, string Name);

/// <summary>One document of a kind that matters, read.</summary>
/// <param name="Key">Which object it is.</param>
/// <param name="Document">As it was written.</param>
/// <param name="Value">What was understood: a `…Document` of this room, or a policy.</param>
/// <param name="IsRefused">Whether the value must not be used.</param>
/// <param name="Faults">What was wrong with it, also when it is used.</param>
internal sealed record ManifestObject(
    ObjectKey Key, ManifestDocument Document, object Value, bool IsRefused, IReadOnlyList<ManifestFault> Faults)
{
    public ManifestPlace Place => ManifestPlace.Of(Document);

    /// <summary>Whether both say the same, wherever and however they are laid out.</summary>
    public bool SaysTheSameAs(ManifestObject other) => AreEqual(Document.Root, other.Document.Root);

    // The reader bounds the depth, so that the recursion is bounded too.
    private static bool AreEqual(ManifestNode? one, ManifestNode? other) => (one, other) switch
    {
        (ManifestScalar a, ManifestScalar b) => a.Value == b.Value && a.IsQuoted == b.IsQuoted,
        (ManifestSequence a, ManifestSequence b) =>
            a.Items.Count == b.Items.Count && a.Items.Zip(b.Items).All(pair => AreEqual(pair.First, pair.Second)),
        (ManifestMapping a, ManifestMapping b) =>
            a.Entries.Count == b.Entries.Count && a.Entries.All(entry => AreEqual(entry.Value, b[entry.Key.Value])),
        _ => false,
    };
}
