using System.Collections.Frozen;
using System.Globalization;
using Proxy.Policy.Documents;

namespace Proxy.Policy.Labels;

/// <summary>
/// The numbers that the cluster itself gives to identities, as <c>CiliumIdentity</c> objects say. Whoever has none keeps the one
/// that is made of its labels. Immutable.
/// </summary>
public sealed class AllottedNumbers
{
    private const string Kind = "CiliumIdentity";
    private const string LabelsKey = "security-labels";
    private const uint First = 256;
    private const uint Last = (1 << 24) - 1;

    private readonly FrozenDictionary<LabelSet, Identity> _identities;

    /// <summary>Of several numbers for the same labels the smallest counts, on every node.</summary>
    public AllottedNumbers(IEnumerable<Identity> identities)
    {
        ArgumentNullException.ThrowIfNull(identities);
        _identities = identities.OrderBy(identity => identity.Number).DistinctBy(identity => identity.Labels)
            .ToFrozenDictionary(identity => identity.Labels);
    }

    /// <summary>The identity with the number that its labels have been given, or as it is.</summary>
    public Identity Number(Identity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return _identities.GetValueOrDefault(identity.Labels, identity);
    }

    /// <summary>Whether the document is a <c>CiliumIdentity</c>.</summary>
    public static bool IsAllotment(string apiVersion, string kind) => apiVersion == "cilium.io/v2" && kind == Kind;

    /// <summary>Reads one; null, and a fault with its place, when name or labels are none.</summary>
    public static Identity? Read(ManifestDocument document, out ManifestFault? fault)
    {
        ArgumentNullException.ThrowIfNull(document);
        fault = null;
        if (!uint.TryParse(document.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < First or > Last)
            fault = FaultAt(document, document.Root, $"its name must be a number from {First} to {Last}");
        else if (document.Root[LabelsKey] is not ManifestMapping { Entries.Count: > 0 } labels)
            fault = FaultAt(document, document.Root, $"{LabelsKey} must be a mapping of labels with their sources");
        else if (FindOdd(labels) is { } odd)
            fault = FaultAt(document, odd, "not a label with its source, such as 'k8s:app'");
        else
            return new Identity(number, LabelSet.Of([.. labels.Entries.Select(entry => LabelOf(entry.Key.Value, entry.Value))]));
        return null;
    }

    private static ManifestScalar? FindOdd(ManifestMapping labels)
    {
        foreach (var (key, value) in labels.Entries)
        {
            if (value is not ManifestScalar || key.Value.IndexOf(':', StringComparison.Ordinal) is <= 0)
                return key;
        }

        return null;
    }

    private static (string Source, string Key, string Value) LabelOf(string key, ManifestNode value)
    {
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        return (key[..colon], key[(colon + 1)..], value is ManifestScalar { IsNull: false } scalar ? scalar.Value : "");
    }

    private static ManifestFault FaultAt(ManifestDocument document, ManifestNode at, string reason) =>
        new(document.File, at.Line, at.Column, Kind, at.Path, reason, "");
}
