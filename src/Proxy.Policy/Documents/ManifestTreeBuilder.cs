using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Proxy.Policy.Documents;

/// <summary>
/// Builds documents out of YAML events, with a stack of its own instead of recursion. What is wrong with one document alone
/// (a key written twice, an alias, a tag) can be noted instead of ending the reading: its first value stands then, or none.
/// </summary>
internal sealed class ManifestTreeBuilder(IScanner scanner, bool goesOn = false)
{
    private const int MostNoted = 100;

    private readonly Parser _parser = new(scanner);
    private readonly Stack<Frame> _open = new();
    private readonly List<ManifestMapping> _roots = [];
    private readonly List<TreeFault> _noted = [];
    private int _nodes;

    /// <summary>What was noted; the first hundred.</summary>
    public IReadOnlyList<TreeFault> Noted => _noted;

    /// <summary>The roots of all documents that are not empty.</summary>
    /// <exception cref="ManifestRefused">At the first fault.</exception>
    public IReadOnlyList<ManifestMapping> Build()
    {
        while (MoveNext())
            Take(_parser.Current!);
        return _roots;
    }

    // On hostile text the YAML reader also throws what it never meant to (ArgumentOutOfRangeException for an escaped
    // code point, for one): each of them is the file's fault.
    private bool MoveNext()
    {
        try
        {
            return _parser.MoveNext();
        }
        catch (YamlException e)
        {
            throw new ManifestRefused(e.Start.Line, e.Start.Column, PathOfOpen(), ReasonOf(e));
        }
        catch (Exception e) when (e is not (OutOfMemoryException or InsufficientExecutionStackException))
        {
            var mark = scanner.CurrentPosition;
            throw new ManifestRefused(mark.Line, mark.Column, PathOfOpen(), "not valid YAML");
        }
    }

    private void Take(ParsingEvent e)
    {
        switch (e)
        {
            case Scalar scalar:
                RefuseTag(scalar);
                TakeScalar(scalar);
                break;
            case SequenceStart start:
                RefuseTag(start);
                Open(new ManifestSequence(LineOf(e), ColumnOf(e)));
                break;
            case MappingStart start:
                RefuseTag(start);
                Open(new ManifestMapping(LineOf(e), ColumnOf(e)));
                break;
            case SequenceEnd or MappingEnd:
                Close();
                break;
            case AnchorAlias:
                Note(e, "aliases are not allowed", "write the value out in full");
                TakeAlias(e);
                break;
        }
    }

    private void TakeScalar(Scalar e)
    {
        Count(e);
        var scalar = new ManifestScalar(LineOf(e), ColumnOf(e), e.Value, e.Style != ScalarStyle.Plain);
        if (!ManifestText.IsWellFormed(e.Value))
            throw Refuse(e, "half of a surrogate pair is not text");

        if (_open.TryPeek(out var top) && top is { Node: ManifestMapping mapping, Key: null })
            TakeKey(e, mapping, scalar);
        else
            Place(e, scalar);
    }

    // The value that an alias stands for is not known here; null is none.
    private void TakeAlias(ParsingEvent e)
    {
        if (_open.Peek() is { Node: ManifestMapping, Key: null })
            throw Refuse(e, "a key must be a single value");

        Count(e);
        Place(e, new ManifestScalar(LineOf(e), ColumnOf(e), "", false));
    }

    private void TakeKey(Scalar e, ManifestMapping mapping, ManifestScalar key)
    {
        if (key is { Value: "<<", IsQuoted: false })
            Note(e, "merge keys are not allowed", "write the values out in full");

        var top = _open.Peek();
        top.Key = key;
        top.IsSecond = !mapping.TryDeclare(key);
        if (top.IsSecond)
            Note(e, "the key is written twice");
    }

    private void Open(ManifestNode node)
    {
        Count(_parser.Current!);
        if (_open.Count == ManifestReader.MaxDepth)
            throw Refuse(_parser.Current!, $"nested deeper than {ManifestReader.MaxDepth} levels");

        Place(_parser.Current!, node);
        _open.Push(new Frame(node));
    }

    private void Place(ParsingEvent e, ManifestNode node)
    {
        if (!_open.TryPeek(out var top))
            TakeRoot(e, node);
        else if (top.Node is ManifestSequence sequence)
            sequence.Add(node);
        else if (top.Key is null)
            throw Refuse(e, "a key must be a single value");
        else
            PlaceValue(top, node);
    }

    private static void PlaceValue(Frame top, ManifestNode node)
    {
        if (top.IsSecond)
            node.Attach(top.Node, top.Key!.Value, 0);
        else
            ((ManifestMapping)top.Node).Add(top.Key!, node);
        top.Key = null;
    }

    private void TakeRoot(ParsingEvent e, ManifestNode node)
    {
        if (node is ManifestMapping mapping)
            _roots.Add(mapping);
        else if (node is not ManifestScalar { IsNull: true })
            throw Refuse(e, "a document must be a mapping of keys to values");
    }

    private void Close() => _open.Pop();

    private void Count(ParsingEvent e)
    {
        if (++_nodes > ManifestReader.MaxNodes)
            throw Refuse(e, $"more than {ManifestReader.MaxNodes} values in one file");
    }

    private void RefuseTag(NodeEvent e)
    {
        if (!e.Tag.IsEmpty)
            Note(e, "tags are not allowed", "quote the value if it is a string");
    }

    // Outside every document there is none that it could be noted of.
    private void Note(ParsingEvent e, string reason, string hint = "")
    {
        if (!goesOn || !_open.TryPeek(out var top))
            throw Refuse(e, reason, hint);

        if (_noted.Count < MostNoted)
            _noted.Add(new TreeFault(top.Key ?? top.Node, LineOf(e), ColumnOf(e), reason, hint));
    }

    private ManifestRefused Refuse(ParsingEvent e, string reason, string hint = "") =>
        new(e.Start.Line, e.Start.Column, PathOfOpen(), reason, hint);

    private string PathOfOpen() => _open.TryPeek(out var top) ? (top.Key ?? top.Node).Path : "";

    private static string ReasonOf(YamlException e) =>
        e.Message.Length == 0 ? "not valid YAML" : "not valid YAML: " + ManifestText.Show(e.Message.TrimEnd('.'));

    private static int LineOf(ParsingEvent e) => (int)e.Start.Line;

    private static int ColumnOf(ParsingEvent e) => (int)e.Start.Column;

    /// <summary>A collection that is not closed yet, and the key whose value comes next.</summary>
    private sealed class Frame(ManifestNode node)
    {
        public ManifestNode Node { get; } = node;

        public ManifestScalar? Key { get; set; }

        /// <summary>The key has a value already.</summary>
        public bool IsSecond { get; set; }
    }
}
