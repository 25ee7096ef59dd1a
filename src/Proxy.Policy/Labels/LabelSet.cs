using System.Diagnostics.CodeAnalysis;

namespace Proxy.Policy.Labels;

/// <summary>
/// The labels of one workload, immutable and sorted. A label is <c>source:key=value</c>; the source says who gave it:
/// <c>k8s</c> (pod, namespace, service account), <c>reserved</c> (node, world and the like) or <c>any</c>.
/// </summary>
public sealed class LabelSet : IEquatable<LabelSet>
{
    /// <summary>The source of labels that come from Kubernetes objects.</summary>
    public const string KubernetesSource = "k8s";

    /// <summary>The source of labels that name what is not a pod.</summary>
    public const string ReservedSource = "reserved";

    /// <summary>In a selector: whatever the source.</summary>
    public const string AnySource = "any";

    private readonly Label[] _labels;
    private readonly string[] _texts;
    private readonly int _hash;

    private LabelSet(Label[] labels)
    {
        _labels = labels;
        _texts = Array.ConvertAll(labels, label => label.Text);
        var hash = new HashCode();
        foreach (var text in _texts)
            hash.Add(text, StringComparer.Ordinal);
        _hash = hash.ToHashCode();
    }

    /// <summary>No label.</summary>
    public static LabelSet Empty { get; } = new([]);

    /// <summary>The labels as text, in ordinal order: <c>k8s:app=x</c>; <c>reserved:host</c> when the value is empty.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>Makes a set; of two labels with the same source and key the later one counts.</summary>
    public static LabelSet Of(params (string Source, string Key, string Value)[] labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var last = new Dictionary<(string, string), string>(labels.Length);
        foreach (var (source, key, value) in labels)
            last[(source, key)] = value;

        var sorted = last.Select(entry => new Label(entry.Key.Item1, entry.Key.Item2, entry.Value)).ToArray();
        Array.Sort(sorted, (a, b) => string.CompareOrdinal(a.Text, b.Text));
        return new LabelSet(sorted);
    }

    /// <summary>Finds the value of a key; source <c>any</c> takes the first label with that key, whatever its source.</summary>
    public bool TryGet(string source, string key, [MaybeNullWhen(false)] out string value)
    {
        foreach (var label in _labels)
        {
            if (label.Key == key && (source == AnySource || label.Source == source))
            {
                value = label.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    /// <summary>Whether both hold the same labels.</summary>
    public bool Equals(LabelSet? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash && _labels.AsSpan().SequenceEqual(other._labels));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>The texts, separated by commas.</summary>
    public override string ToString() => string.Join(',', _texts);

    internal bool Contains(string source) => Array.Exists(_labels, label => label.Source == source);

    /// <summary>The labels in order, for selectors that must see every source of a key.</summary>
    internal ReadOnlySpan<Label> Labels => _labels;
}

/// <summary>One label.</summary>
internal readonly record struct Label(string Source, string Key, string Value)
{
    /// <summary>As Cilium and Hubble write it: without <c>=</c> when the value is empty.</summary>
    public string Text => Value.Length == 0 ? $"{Source}:{Key}" : $"{Source}:{Key}={Value}";
}
