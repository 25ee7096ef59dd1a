using System.Globalization;

namespace Proxy.Policy.Matching;

/// <summary>The place in a pattern up to which it has been read, and the small things that can stand there.</summary>
internal sealed class PatternCursor(string pattern)
{
    /// <summary>The most that RE2 repeats something.</summary>
    public const int MaxRepeat = 1000;

    private const int LongestCount = 8;
    private const int LastCodePoint = 0x10FFFF;

    public int At { get; private set; }

    public bool IsAtEnd => At == pattern.Length;

    public char Next => pattern[At];

    public bool IsAt(string text) => string.CompareOrdinal(pattern, At, text, 0, text.Length) == 0;

    public void Skip(int count) => At += count;

    public char Take() => pattern[At++];

    public bool TryTake(string text)
    {
        if (!IsAt(text))
            return false;

        At += text.Length;
        return true;
    }

    /// <summary>Up to a mark, which is taken too; null when there is none.</summary>
    public string? TakeUntil(string mark)
    {
        var end = pattern.IndexOf(mark, At, StringComparison.Ordinal);
        if (end < 0)
            return null;

        var text = pattern[At..end];
        At = end + mark.Length;
        return text;
    }

    public string TakeRest()
    {
        var rest = pattern[At..];
        At = pattern.Length;
        return rest;
    }

    public PatternRefused Fault(string reason, string hint = "") =>
        new(string.Create(CultureInfo.InvariantCulture, $"{reason} at character {At + 1} of the pattern"), hint);

    /// <summary>A repetition, if one stands here: <c>* + ?</c> or counts in braces. Braces that RE2 takes for text are none.</summary>
    public bool TryTakeRepeat(out int least, out int? most)
    {
        (least, most) = (0, null);
        if (IsAtEnd)
            return false;

        switch (Next)
        {
            case '*':
                break;
            case '+':
                least = 1;
                break;
            case '?':
                most = 1;
                break;
            case '{':
                return TryTakeCounts(out least, out most);
            default:
                return false;
        }

        At++;
        return true;
    }

    /// <summary>The character that an escape stands for; the cursor is behind the backslash.</summary>
    public int TakeEscape()
    {
        if (IsAtEnd)
            throw Fault("the pattern ends with a backslash");

        var letter = Next;
        if (!char.IsAsciiLetterOrDigit(letter))
            return Take();

        if (letter is >= '0' and <= '7')
            return TakeOctal();

        At++;
        return letter switch
        {
            'a' => '\a',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\v',
            'x' => TakeHex(),
            _ => throw UnknownEscape(),
        };
    }

    public PatternRefused UnknownEscape()
    {
        At -= 2;
        return Fault($"RE2 has no '{pattern.AsSpan(At, 2)}'");
    }

    // A single digit but zero is a back-reference, which RE2 has not.
    private int TakeOctal()
    {
        var digits = pattern.AsSpan(At, Math.Min(3, pattern.Length - At));
        var other = digits.IndexOfAnyExceptInRange('0', '7');
        var length = other < 0 ? digits.Length : other;
        if (length == 1 && digits[0] != '0')
        {
            At--;
            throw Fault("a back-reference stands", "RE2 has none, since they need backtracking");
        }

        var value = 0;
        foreach (var digit in digits[..length])
            value = (value * 8) + (digit - '0');
        At += length;
        return value;
    }

    private int TakeHex()
    {
        var digits = TryTake("{") ? TakeUntil("}") : TakeDigits(2);
        var number = digits?.TrimStart('0');
        if (digits is { Length: > 0 } && number!.Length <= 6 && digits.All(char.IsAsciiHexDigit))
        {
            var value = number.Length == 0 ? 0 : int.Parse(number, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (value <= LastCodePoint)
                return value;
        }

        throw Fault("a hexadecimal escape that is none stands", "write \\x41 or \\x{41}");
    }

    private string? TakeDigits(int count)
    {
        if (pattern.Length - At < count)
            return null;

        At += count;
        return pattern[(At - count)..At];
    }

    private bool TryTakeCounts(out int least, out int? most)
    {
        most = null;
        var start = At++;
        if (TryTakeNumber(out least))
        {
            var hasComma = TryTake(",");
            var isOpen = hasComma && IsAt("}");
            var number = least;
            if ((!hasComma || isOpen || TryTakeNumber(out number)) && TryTake("}"))
            {
                most = isOpen ? null : number;
                CheckCounts(start, least, most);
                return true;
            }
        }

        At = start;
        return false;
    }

    private void CheckCounts(int start, int least, int? most)
    {
        if (least <= MaxRepeat && (most ?? least) is <= MaxRepeat and var limit && limit >= least)
            return;

        At = start;
        throw Fault(least > most ? "a repetition whose least is above its most stands" : $"a repetition of more than {MaxRepeat} stands");
    }

    // Zeros in front make it text, as RE2 has it.
    private bool TryTakeNumber(out int number)
    {
        number = 0;
        var digits = pattern.AsSpan(At);
        var other = digits.IndexOfAnyExceptInRange('0', '9');
        digits = other < 0 ? digits : digits[..other];
        if (digits.IsEmpty || (digits.Length > 1 && digits[0] == '0'))
            return false;

        number = digits.Length > LongestCount ? int.MaxValue : int.Parse(digits, CultureInfo.InvariantCulture);
        At += digits.Length;
        return true;
    }
}
