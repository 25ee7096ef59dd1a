using System.Diagnostics.CodeAnalysis;

namespace Proxy.Policy.Matching;

/// <summary>Reads classes of characters: in brackets, and those with names.</summary>
internal readonly ref struct PatternClassReader(PatternCursor cursor, bool isFolded)
{
    private readonly PatternCursor _cursor = cursor;
    private readonly bool _isFolded = isFolded;

    /// <summary>A class in brackets; the cursor is behind the opening one.</summary>
    public CharacterSet Read()
    {
        var isNegated = _cursor.TryTake("^");
        var set = default(CharacterSet);
        for (var isFirst = true; !IsAtClosing(isFirst); isFirst = false)
            set = set.With(ReadMember());

        _cursor.Skip(1);
        return isNegated ? set.Inverted() : set;
    }

    /// <summary>A class with a name, such as <c>\d</c> or <c>\p{Lu}</c>; the cursor is behind the backslash.</summary>
    public bool TryReadNamed(out CharacterSet set)
    {
        set = default;
        if (_cursor.IsAtEnd)
            return false;

        var letter = _cursor.Next;
        if (letter is 'p' or 'P')
        {
            _cursor.Skip(1);
            set = ReadUnicode(isNegated: letter == 'P');
            return true;
        }

        if (NamedCharacters.FindPerl(char.ToLowerInvariant(letter)) is not { } named)
            return false;

        _cursor.Skip(1);
        set = Signed(named, char.IsAsciiLetterUpper(letter));
        return true;
    }

    // "[]a]" and "[^]a]" hold a closing bracket as their first member.
    private bool IsAtClosing(bool isFirst)
    {
        if (_cursor.IsAtEnd)
            throw _cursor.Fault("the closing bracket of a class is missing");

        return _cursor.Next == ']' && !isFirst;
    }

    private CharacterSet ReadMember()
    {
        if (_cursor.IsAt("[:") && TryReadPosix(out var posix))
            return posix.Value;

        if (_cursor.TryTake("\\"))
        {
            if (TryReadNamed(out var named))
                return named;
            _cursor.Skip(-1);
        }

        var from = ReadCharacter();
        if (!_cursor.IsAt("-") || _cursor.IsAt("-]"))
            return RangeOf(from, from);

        _cursor.Skip(1);
        var to = ReadCharacter();
        return from <= to ? RangeOf(from, to) : throw _cursor.Fault("a range whose end is before its beginning stands");
    }

    private int ReadCharacter()
    {
        if (_cursor.IsAtEnd)
            throw _cursor.Fault("the closing bracket of a class is missing");

        return _cursor.TryTake("\\") ? _cursor.TakeEscape() : _cursor.Take();
    }

    private CharacterSet RangeOf(int from, int to) =>
        _isFolded ? CharacterSet.FoldedRange(from, to) : CharacterSet.Range(from, to);

    private bool TryReadPosix([NotNullWhen(true)] out CharacterSet? set)
    {
        set = null;
        var start = _cursor.At;
        _cursor.Skip(2);
        if (_cursor.TakeUntil(":]") is not { } name)
        {
            _cursor.Skip(start - _cursor.At);
            return false;
        }

        var isNegated = name.StartsWith('^');
        var named = NamedCharacters.FindPosix(isNegated ? name[1..] : name);
        if (named is null)
        {
            _cursor.Skip(start - _cursor.At);
            throw _cursor.Fault("a class that RE2 does not have stands", "such as [:alpha:]");
        }

        set = Signed(named.Value, isNegated);
        return true;
    }

    private CharacterSet ReadUnicode(bool isNegated)
    {
        if (_cursor.IsAtEnd)
            throw _cursor.Fault("a class without a name stands");

        var name = _cursor.TryTake("{") ? _cursor.TakeUntil("}") ?? "" : _cursor.Take().ToString();
        if (name.StartsWith('^'))
            (isNegated, name) = (!isNegated, name[1..]);
        if (NamedCharacters.FindUnicode(name) is { } set)
            return Signed(set, isNegated);

        throw _cursor.Fault("a Unicode class that is not known stands", "write the characters, or a category such as \\p{L}");
    }

    // The other case joins before the class is turned round: (?i)\P{Lu} holds no letter.
    private CharacterSet Signed(CharacterSet set, bool isNegated)
    {
        var folded = _isFolded ? set.Folded() : set;
        return isNegated ? folded.Inverted() : folded;
    }
}
