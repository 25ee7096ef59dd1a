using System.Globalization;
using System.Text;

namespace Proxy.Policy.Documents;

/// <summary>One value of a document, with its place.</summary>
public abstract class ManifestNode
{
    private ManifestNode? _parent;
    private string? _key;
    private int _index;

    private protected ManifestNode(int line, int column)
    {
        Line = line;
        Column = column;
    }

    /// <summary>Of the file, from 1.</summary>
    public int Line { get; }

    /// <summary>From 1.</summary>
    public int Column { get; }

    /// <summary>From the root of the document: <c>spec.ingress[0].toPorts[1].rules</c>; empty for the root.</summary>
    public string Path
    {
        get
        {
            var steps = new Stack<ManifestNode>();
            for (var node = this; node._parent is not null; node = node._parent)
                steps.Push(node);

            var path = new StringBuilder();
            foreach (var step in steps)
                step.AppendStep(path);
            return path.ToString();
        }
    }

    /// <summary>The root above, and the key of the root below which this is; null for the root itself.</summary>
    internal (ManifestNode Root, string? Key) Top
    {
        get
        {
            var (node, key) = (this, (string?)null);
            for (; node._parent is not null; node = node._parent)
                key = node._key;
            return (node, key);
        }
    }

    internal void Attach(ManifestNode parent, string? key, int index)
    {
        _parent = parent;
        _key = key;
        _index = index;
    }

    // An item of a list is a document of its own: its path starts anew.
    internal void Detach() => _parent = null;

    private void AppendStep(StringBuilder path)
    {
        if (_key is null)
            path.Append(CultureInfo.InvariantCulture, $"[{_index}]");
        else
            ManifestPath.AppendKey(path, _key);
    }
}

/// <summary>A single value.</summary>
public sealed class ManifestScalar : ManifestNode
{
    internal ManifestScalar(int line, int column, string value, bool isQuoted)
        : base(line, column)
    {
        Value = value;
        IsQuoted = isQuoted;
    }

    /// <summary>The text, without quotes and with escapes resolved.</summary>
    public string Value { get; }

    /// <summary>Written in quotes or as a block, so that it is a string whatever it says.</summary>
    public bool IsQuoted { get; }

    /// <summary>Nothing, <c>~</c> or <c>null</c>, unquoted.</summary>
    public bool IsNull => !IsQuoted && (Value is "" or "~" or "null" or "Null" or "NULL");
}

/// <summary>A list of values.</summary>
public sealed class ManifestSequence : ManifestNode
{
    private readonly List<ManifestNode> _items = [];

    internal ManifestSequence(int line, int column)
        : base(line, column)
    {
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<ManifestNode> Items => _items;

    internal void Add(ManifestNode item)
    {
        item.Attach(this, null, _items.Count);
        _items.Add(item);
    }
}

/// <summary>Keys and values; no key twice.</summary>
public sealed class ManifestMapping : ManifestNode
{
    private readonly List<(ManifestScalar Key, ManifestNode Value)> _entries = [];
    private readonly Dictionary<string, ManifestNode?> _byKey = new(StringComparer.Ordinal);

    internal ManifestMapping(int line, int column)
        : base(line, column)
    {
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<(ManifestScalar Key, ManifestNode Value)> Entries => _entries;

    /// <summary>The value of a key, or null when there is none (a key with an empty value has a null scalar).</summary>
    public ManifestNode? this[string key] => _byKey.GetValueOrDefault(key);

    /// <summary>Announces a key; false when it is there already.</summary>
    internal bool TryDeclare(ManifestScalar key)
    {
        key.Attach(this, key.Value, 0);
        return _byKey.TryAdd(key.Value, null);
    }

    internal void Add(ManifestScalar key, ManifestNode value)
    {
        value.Attach(this, key.Value, 0);
        _byKey[key.Value] = value;
        _entries.Add((key, value));
    }
}
