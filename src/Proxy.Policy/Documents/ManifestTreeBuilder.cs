using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Proxy.Policy.Documents;

/// <summary>Builds documents out of YAML events, with a stack of its own instead of recursion.</summary>
internal sealed class ManifestTreeBuilder(IScanner scanner)
{
    private readonly Parser _parser = new(scanner);
    private readonly Stack<Frame> _open = new();
    private readonly List<ManifestMapping> _roots = [];
    private int _nodes;

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
                throw Refuse(e, "aliases are not allowed", "write the value out in full");
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

    private void TakeKey(Scalar e, ManifestMapping mapping, ManifestScalar key)
    {
        if (key is { Value: "<<", IsQuoted: false })
            throw Refuse(e, "merge keys are not allowed", "write the values out in full");

        if (!mapping.TryDeclare(key))
            throw new ManifestRefused(key.Line, key.Column, key.Path, "the key is written twice");

        _open.Peek().Key = key;
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
            throw Refuse(e, "tags are not allowed", "quote the value if it is a string");
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
    }
}
