using System.Buffers;

namespace Proxy.Policy.Matching;

/// <summary>
/// Reads a regular expression as RE2 and Go do, both of which Cilium puts it through. What either refuses is refused,
/// and what they read otherwise than .NET is read as they do.
/// </summary>
internal sealed class PatternParser
{
    /// <summary>The most groups in one another.</summary>
    public const int MaxDepth = 100;

    private static readonly SearchValues<char> Flags = SearchValues.Create("imsU-");

    private readonly PatternCursor _cursor;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private int _depth;

    private PatternParser(string pattern) => _cursor = new PatternCursor(pattern);

    /// <summary>The expression, or the first fault.</summary>
    public static PatternNode? Parse(string pattern, out PatternFault fault)
    {
        fault = default;
        var parser = new PatternParser(pattern);
        try
        {
            var node = parser.ReadChoice(isFolded: false);
            return parser._cursor.IsAtEnd ? node : throw parser._cursor.Fault("a closing parenthesis without an opening one stands");
        }
        catch (PatternRefused refused)
        {
            fault = refused.Fault;
            return null;
        }
    }

    // Up to a closing parenthesis or the end. Flags hold to the end of the group, across its branches.
    private PatternNode ReadChoice(bool isFolded)
    {
        var branches = new List<PatternNode>();
        var parts = new List<PatternNode>();
        while (!_cursor.IsAtEnd && _cursor.Next != ')')
        {
            if (_cursor.TryTake("|"))
            {
                branches.Add(SequenceOf(parts));
                parts = [];
            }
            else if (_cursor.IsAt("(?"))
                ReadSpecialGroup(parts, ref isFolded);
            else if (_cursor.TryTake("\\Q"))
                ReadQuoted(parts, isFolded);
            else
                parts.Add(ReadRepeats(ReadAtom(isFolded)));
        }

        branches.Add(SequenceOf(parts));
        return branches.Count == 1 ? branches[0] : new PatternChoice(branches);
    }

    private static PatternNode SequenceOf(List<PatternNode> parts) => parts.Count == 1 ? parts[0] : new PatternSequence(parts);

    private PatternNode ReadAtom(bool isFolded)
    {
        if (_cursor.TryTakeRepeat(out _, out _))
            throw _cursor.Fault("a repetition with nothing to repeat stands");

        switch (_cursor.Take())
        {
            case '(':
                return ReadGroup(isFolded);
            case '[':
                return new PatternSet(new PatternClassReader(_cursor, isFolded).Read());
            case '.':
                return new PatternSet(CharacterSet.All);
            case '^':
                return new PatternEdge(EdgeKind.Start);
            case '$':
                return new PatternEdge(EdgeKind.End);
            case '\\':
                return ReadEscape(isFolded);
            default:
                _cursor.Skip(-1);
                return LiteralOf(_cursor.Take(), isFolded);
        }
    }

    private PatternNode ReadEscape(bool isFolded)
    {
        if (new PatternClassReader(_cursor, isFolded).TryReadNamed(out var named))
            return new PatternSet(named);

        var edge = _cursor.IsAtEnd ? null : _cursor.Next switch
        {
            'A' => new PatternEdge(EdgeKind.Start),
            'z' => new PatternEdge(EdgeKind.End),
            'b' => new PatternEdge(EdgeKind.WordBoundary),
            'B' => new PatternEdge(EdgeKind.NoWordBoundary),
            _ => null,
        };
        if (edge is null)
            return LiteralOf(_cursor.TakeEscape(), isFolded);

        _cursor.Skip(1);
        return edge;
    }

    private static PatternSet LiteralOf(int character, bool isFolded) =>
        new(isFolded ? CharacterSet.FoldedRange(character, character) : CharacterSet.Range(character, character));

    // Greedy or not makes no difference to whether the whole text matches.
    private PatternNode ReadRepeats(PatternNode body)
    {
        if (!_cursor.TryTakeRepeat(out var least, out var most))
            return body;

        _cursor.TryTake("?");
        if (_cursor.TryTakeRepeat(out _, out _))
            throw _cursor.Fault("a repetition of a repetition stands", "RE2 has no possessive ones; put the inner one in a group");
        return new PatternRepeat(body, least, most);
    }

    private void ReadQuoted(List<PatternNode> parts, bool isFolded)
    {
        var text = _cursor.TakeUntil("\\E") ?? _cursor.TakeRest();
        parts.AddRange(text.Select(c => LiteralOf(c, isFolded)));
        if (text.Length > 0)
            parts[^1] = ReadRepeats(parts[^1]);
        else
            RequireNoRepeat();
    }

    private void RequireNoRepeat()
    {
        if (_cursor.TryTakeRepeat(out _, out _))
            throw _cursor.Fault("a repetition with nothing to repeat stands");
    }

    private PatternNode ReadGroup(bool isFolded)
    {
        if (++_depth > MaxDepth)
            throw _cursor.Fault($"more than {MaxDepth} groups in one another stand");

        var body = ReadChoice(isFolded);
        if (!_cursor.TryTake(")"))
            throw _cursor.Fault("a closing parenthesis is missing");
        _depth--;
        return body;
    }

    private void ReadSpecialGroup(List<PatternNode> parts, ref bool isFolded)
    {
        if (_cursor.IsAt("(?P<") || (_cursor.IsAt("(?<") && !_cursor.IsAt("(?<=") && !_cursor.IsAt("(?<!")))
        {
            ReadName();
            parts.Add(ReadRepeats(ReadGroup(isFolded)));
            return;
        }

        var flags = ReadFlags(isFolded, out var isGroup);
        if (isGroup)
        {
            parts.Add(ReadRepeats(ReadGroup(flags)));
            return;
        }

        isFolded = flags;
        RequireNoRepeat();
    }

    private void ReadName()
    {
        _cursor.Skip(_cursor.IsAt("(?P<") ? 4 : 3);
        var name = _cursor.TakeUntil(">") ?? "";
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            throw _cursor.Fault("a group with a name that is none stands");
        if (!_names.Add(name))
            throw _cursor.Fault("a group with the name of another stands");
    }

    private bool ReadFlags(bool isFolded, out bool isGroup)
    {
        var start = _cursor.At;
        _cursor.Skip(2);
        var (isOff, hasFlag) = (false, true);
        while (!_cursor.IsAtEnd && Flags.Contains(_cursor.Next))
        {
            var flag = _cursor.Take();
            if (flag == '-' && isOff)
                break;

            (isOff, hasFlag) = flag == '-' ? (true, false) : (isOff, true);
            isFolded = flag == 'i' ? !isOff : isFolded;
        }

        isGroup = _cursor.TryTake(":");
        if (hasFlag && (isGroup || _cursor.TryTake(")")))
            return isFolded;

        _cursor.Skip(start - _cursor.At);
        throw _cursor.Fault("a kind of group that RE2 does not have stands", "look-around, conditions and comments need another engine");
    }
}
