using System.Globalization;
using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Typed access to the keys of one document; what is wrong becomes a fault with its place.</summary>
internal sealed class FieldReader(ManifestDocument document)
{
    private const string DefaultNamespace = "default";
    private const int MostFaults = 100;

    /// <summary>The keys that Kubernetes gives the metadata of any object.</summary>
    public static readonly IReadOnlyList<string> MetadataKeys =
    [
        "name", "namespace", "labels", "annotations", "uid", "resourceVersion", "generation", "generateName", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "ownerReferences", "finalizers", "selfLink",
    ];

    private readonly List<ManifestFault> _faults = [];

    public IReadOnlyList<ManifestFault> Faults => _faults;

    /// <summary>Whether a fault makes the document unfit for use.</summary>
    public bool IsRefused { get; private set; }

    public ManifestMapping Root => document.Root;

    public ManifestMapping? Metadata => Mapping(Root, "metadata");

    public ManifestPlace Place => ManifestPlace.Of(document);

    /// <summary>The document cannot be used.</summary>
    public void Refuse(ManifestNode at, string reason, string hint = "")
    {
        IsRefused = true;
        Report(at, reason, hint);
    }

    /// <summary>The document is used, in the way that the reason says.</summary>
    public void Report(ManifestNode at, string reason, string hint = "")
    {
        if (_faults.Count < MostFaults)
            _faults.Add(Place.Fault(reason, hint) with { Line = at.Line, Column = at.Column, Path = at.Path });
    }

    /// <summary>Refuses every key but the known ones, with the one that was probably meant.</summary>
    public void KeepTo(ManifestMapping? mapping, IReadOnlyList<string> known, Func<string, string> hintFor)
    {
        foreach (var (key, _) in mapping?.Entries ?? [])
        {
            if (known.Contains(key.Value))
                continue;
            var hint = hintFor(key.Value);
            if (hint.Length == 0 && Spelling.Nearest(key.Value, known) is { } nearest)
                hint = $"did you mean '{nearest}'?";
            Refuse(key, $"unknown key '{OneLine.Of(key.Value)}'", hint);
        }
    }

    /// <summary>`metadata.labels`, in the form that Kubernetes accepts.</summary>
    public IReadOnlyDictionary<string, string> Labels()
    {
        var labels = Texts(Metadata, "labels");
        foreach (var (key, value) in Mapping(Metadata, "labels")?.Entries ?? [])
        {
            if (!LabelForm.IsKey(key.Value))
                Refuse(key, "not a label's key", "an optional DNS name and '/', then at most 63 letters, digits, '-', '_' and '.'");
            if (value is ManifestScalar { IsNull: false } text && !LabelForm.IsValue(text.Value))
                Refuse(value, "not a label's value", "at most 63 letters, digits, '-', '_' and '.'");
        }

        return labels;
    }

    /// <summary>`metadata.name`; empty and refused when it is no name.</summary>
    public string Name()
    {
        if (Text(Metadata, "name") is { } name)
            return Subdomain(Metadata!["name"]!, name);

        Refuse(Metadata ?? Root, "metadata.name is missing");
        return "";
    }

    public string Namespace() => Subdomain(Metadata, "namespace", DefaultNamespace);

    /// <summary>The name of another object.</summary>
    public string Subdomain(ManifestMapping? parent, string key, string fallback) =>
        Text(parent, key) is { } text ? Subdomain(parent![key]!, text) : fallback;

    public ManifestMapping? Mapping(ManifestMapping? parent, string key)
    {
        if (Present(parent, key) is not { } node)
            return null;

        if (node is not ManifestMapping mapping)
            Refuse(node, "must be a mapping of keys to values");
        return node as ManifestMapping;
    }

    public IReadOnlyList<ManifestMapping> Mappings(ManifestMapping? parent, string key) =>
        Items<ManifestMapping>(parent, key, "must be a mapping of keys to values");

    public IReadOnlyList<ManifestScalar> Scalars(ManifestMapping? parent, string key) =>
        Items<ManifestScalar>(parent, key, "must be a single value");

    public string? Text(ManifestMapping? parent, string key)
    {
        if (Present(parent, key) is not { } node)
            return null;

        if (node is ManifestScalar scalar)
            return scalar.Value;

        Refuse(node, "must be a single value");
        return null;
    }

    public IReadOnlyDictionary<string, string> Texts(ManifestMapping? parent, string key)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in Mapping(parent, key)?.Entries ?? [])
        {
            if (value is ManifestScalar scalar)
                texts[name.Value] = scalar.IsNull ? "" : scalar.Value;
            else
                Refuse(value, "must be a single value");
        }

        return texts;
    }

    public bool? Flag(ManifestMapping? parent, string key)
    {
        switch (Text(parent, key))
        {
            case null:
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                Refuse(parent![key]!, "must be true or false");
                return null;
        }
    }

    public ushort? Port(ManifestMapping? parent, string key)
    {
        if (Text(parent, key) is not { } text)
            return null;

        // The system's reader of numbers takes a NUL behind them.
        if (text.All(char.IsAsciiDigit) && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0)
            return port;

        Refuse(parent![key]!, "must be a port from 1 to 65535");
        return null;
    }

    public bool TryAddress(ManifestScalar node, out Address address)
    {
        if (Address.TryParse(node.Value, out address))
            return true;

        Refuse(node, "must be an IP address");
        return false;
    }

    private static ManifestNode? Present(ManifestMapping? parent, string key) =>
        parent?[key] is { } node and not ManifestScalar { IsNull: true } ? node : null;

    private string Subdomain(ManifestNode node, string name)
    {
        if (ObjectName.IsValid(name))
            return name;

        Refuse(node, "must be a name of lower case letters, digits, '-' and '.'");
        return "";
    }

    private List<T> Items<T>(ManifestMapping? parent, string key, string reason)
        where T : ManifestNode
    {
        var items = new List<T>();
        if (Present(parent, key) is not { } node)
            return items;

        if (node is not ManifestSequence sequence)
        {
            Refuse(node, "must be a list");
            return items;
        }

        foreach (var item in sequence.Items)
        {
            if (item is T wanted)
                items.Add(wanted);
            else
                Refuse(item, reason);
        }

        return items;
    }
}
