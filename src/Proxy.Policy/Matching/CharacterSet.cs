using System.Globalization;
using System.Text;

namespace Proxy.Policy.Matching;

/// <summary>
/// Characters from the blank to '~': no other reaches a pattern, so what RE2 says of others need not be kept. A bit for
/// each.
/// </summary>
internal readonly record struct CharacterSet(UInt128 Bits)
{
    public const char First = ' ';
    public const char Last = '~';

    private const int KelvinSign = 0x212A;
    private const int LongS = 0x017F;

    public static CharacterSet All { get; } = Range(First, Last);

    public bool IsEmpty => Bits == UInt128.Zero;

    public int Count => (int)UInt128.PopCount(Bits);

    /// <summary>The lowest; the set is not empty.</summary>
    public char Lowest => (char)(int)UInt128.TrailingZeroCount(Bits);

    public static CharacterSet Of(Func<char, bool> isMember)
    {
        var bits = UInt128.Zero;
        for (var c = First; c <= Last; c++)
        {
            if (isMember(c))
                bits |= UInt128.One << c;
        }

        return new CharacterSet(bits);
    }

    public static CharacterSet Range(int from, int to) => Of(c => c >= from && c <= to);

    /// <summary>
    /// A range without regard to case. Two letters beyond ASCII are the same as 'k' and 's' then (Unicode's simple
    /// folding).
    /// </summary>
    public static CharacterSet FoldedRange(int from, int to)
    {
        var set = Range(from, to);
        if (from <= KelvinSign && KelvinSign <= to)
            set = set.With(Range('k', 'k'));
        if (from <= LongS && LongS <= to)
            set = set.With(Range('s', 's'));
        return set.Folded();
    }

    public CharacterSet With(CharacterSet other) => new(Bits | other.Bits);

    public CharacterSet Inverted() => new(All.Bits & ~Bits);

    public CharacterSet Folded()
    {
        var set = this;
        return Of(c => set.Contains(c) || set.Contains(char.ToLowerInvariant(c)) || set.Contains(char.ToUpperInvariant(c)));
    }

    public bool Contains(char c) => ((Bits >> c) & UInt128.One) != UInt128.Zero;

    /// <summary>The set as .NET's expressions write it.</summary>
    public void AppendTo(StringBuilder text)
    {
        if (this == All)
            text.Append('.');
        else if (IsEmpty)
            text.Append("[^\\s\\S]");
        else if (Count == 1)
            AppendEscaped(text, Lowest);
        else
            AppendRanges(text);
    }

    private void AppendRanges(StringBuilder text)
    {
        text.Append('[');
        for (var c = First; c <= Last; c++)
        {
            if (!Contains(c))
                continue;

            var from = c;
            while (c < Last && Contains((char)(c + 1)))
                c++;
            AppendEscaped(text, from);
            if (c > from)
                AppendEscaped(text.Append('-'), c);
        }

        text.Append(']');
    }

    private static void AppendEscaped(StringBuilder text, char c)
    {
        if (char.IsAsciiLetterOrDigit(c))
            text.Append(c);
        else
            text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}");
    }
}
