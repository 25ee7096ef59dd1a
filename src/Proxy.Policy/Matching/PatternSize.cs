namespace Proxy.Policy.Matching;

/// <summary>
/// How large a pattern becomes with its counted repetitions written out. Automata of nested counted repetitions cost
/// seconds for one text (<c>((a?){30}){30}</c>: 7 s for 8,000 letters), so both size and nesting are bounded.
/// </summary>
internal ref struct PatternSize(ReadOnlySpan<char> pattern)
{
    /// <summary>The most single characters and classes an expression may stand for; Envoy's default is a tenth of it.</summary>
    public const int MaxSize = 1000;

    /// <summary>The most repetitions of any kind: states are sets of them (<c>(.*a){333}</c>: 1 s for 8,000 letters).</summary>
    public const int MaxLoops = 100;

    /// <summary>The most characters and classes that may stand in counts that lie in one another.</summary>
    public const int MaxNested = 100;

    private readonly ReadOnlySpan<char> _pattern = pattern;
    private readonly Stack<Part> _open = new([default]);
    private Part _last;
    private int _at;

    /// <summary>Whether size and nesting stay within the limits.</summary>
    public bool IsWithinLimits()
    {
        while (_at < _pattern.Length)
        {
            Step();
            if (_last.IsTooLarge)
                return false;
        }

        Settle();
        return _open.Count == 1 && !_open.Peek().IsTooLarge;
    }

    private void Step()
    {
        switch (_pattern[_at])
        {
            case '(':
                Settle();
                _open.Push(default);
                _at++;
                break;
            case ')' when _open.Count > 1:
                Settle();
                _last = _open.Pop();
                _at++;
                break;
            case '{' when Count() is var count and > 1:
                _last = _last.Times(count);
                _at += Math.Max(1, _pattern[_at..].IndexOf('}') + 1);
                break;
            case '*' or '+' or '?':
                _last = _last with { Loops = _last.Loops + 1 };
                _at++;
                break;
            default:
                TakeAtom();
                break;
        }
    }

    private void TakeAtom()
    {
        Settle();
        _last = new Part(1, 0, 0, false);
        _at += _pattern[_at] switch
        {
            '\\' => 2,
            '[' => PatternSyntax.LengthOfClass(_pattern[_at..]),
            _ => 1,
        };
    }

    // What was read last can no longer be repeated: it joins the group that is open.
    private void Settle()
    {
        var group = _open.Pop();
        _open.Push(group.With(_last));
        _last = default;
    }

    private readonly int Count() => PatternSyntax.RepeatOf(_pattern[_at..]);

    private readonly record struct Part(long Size, long Loops, long Nested, bool IsCounted)
    {
        public bool IsTooLarge => Size > MaxSize || Loops > MaxLoops || Nested > MaxNested;

        public Part Times(int count) => new(Size * count, (Loops * count) + 1, IsCounted ? Size * count : 0, true);

        public Part With(Part next) =>
            new(Size + next.Size, Loops + next.Loops, Nested + next.Nested, IsCounted || next.IsCounted);
    }
}
