using System.Globalization;
using System.Text;

namespace Proxy.Policy.Tests.Matching;

/// <summary>
/// Draws an expression as RE2 writes it together with what it means: where a match may end, for every place where it may
/// begin. Nothing of it is shared with the reader of patterns.
/// </summary>
/// <param name="draw">A number below its argument.</param>
internal sealed class RandomPattern(Func<int, int> draw)
{
    /// <summary>The characters of the texts to try.</summary>
    public const string Alphabet = "abkzAKZ019_-/.?% ~";

    private const int DeepestLevel = 4;

    private static readonly (string Text, Func<char, bool> Holds)[] Named =
    [
        ("\\d", char.IsAsciiDigit), ("\\w", IsWord), ("\\s", c => c == ' '),
        ("\\pL", char.IsAsciiLetter), ("\\p{Lu}", char.IsAsciiLetterUpper), ("\\pN", char.IsAsciiDigit), ("\\p{Greek}", _ => false),
        ("[:alpha:]", char.IsAsciiLetter), ("[:upper:]", char.IsAsciiLetterUpper), ("[:punct:]", c => c != ' ' && !char.IsAsciiLetterOrDigit(c)), ("[:xdigit:]", char.IsAsciiHexDigit),
    ];

    private int _names;

    /// <summary>Places after a piece, as bits, for places before it.</summary>
    public delegate ulong Step(string text, ulong before);

    public sealed record Piece(string Text, Step Step)
    {
        public bool Matches(string text) => (Step(text, 1) >> text.Length & 1) == 1;
    }

    public Piece Next() => Choice(0, isFolded: false);

    public string NextText()
    {
        var text = new StringBuilder();
        for (var count = draw(12); count > 0; count--)
            text.Append(Alphabet[draw(Alphabet.Length)]);
        return text.ToString();
    }

    private Piece Choice(int level, bool isFolded)
    {
        var all = Sequence(level, isFolded);
        while (draw(4) == 0)
        {
            var (left, right) = (all, Sequence(level, isFolded));
            all = new Piece($"{left.Text}|{right.Text}", (text, before) => left.Step(text, before) | right.Step(text, before));
        }

        return all;
    }

    private Piece Sequence(int level, bool isFolded)
    {
        var all = new Piece("", (_, before) => before);
        for (var count = draw(4); count > 0; count--)
        {
            if (draw(12) == 0)
            {
                isFolded = !isFolded;
                all = all with { Text = all.Text + (isFolded ? "(?i)" : "(?-i)") };
            }

            var (left, right) = (all, Repeated(level, isFolded));
            all = new Piece(left.Text + right.Text, (text, before) => right.Step(text, left.Step(text, before)));
        }

        // The flag ends with the group, but goes on into its next branch: that is what the group around is for.
        return new Piece($"(?:{all.Text})", all.Step);
    }

    private Piece Repeated(int level, bool isFolded)
    {
        var body = draw(5) == 0 && level < DeepestLevel ? Group(level, isFolded) : Atom(isFolded);
        var (least, most, sign) = draw(9) switch
        {
            0 => (0, 64, "*"),
            1 => (1, 64, "+"),
            2 => (0, 1, "?"),
            3 => (2, 2, "{2}"),
            4 => (1, 64, "{1,}"),
            5 => (0, 2, "{0,2}"),
            _ => (1, 1, ""),
        };
        if (sign.Length > 0 && draw(3) == 0)
            sign += "?";
        return new Piece(body.Text + sign, (text, before) => Repeat(body.Step, text, before, least, most));
    }

    private static ulong Repeat(Step step, string text, ulong before, int least, int most)
    {
        for (var i = 0; i < least; i++)
            before = step(text, before);

        var all = before;
        for (var i = least; i < most && before != 0; i++)
        {
            before = step(text, before) & ~all;
            all |= before;
        }

        return all;
    }

    private Piece Group(int level, bool isFolded)
    {
        var (open, folds) = draw(5) switch
        {
            0 => ("(?:", isFolded),
            1 => ($"(?P<n{_names++}>", isFolded),
            2 => ("(?i:", true),
            3 => ("(?s-i:", false),
            _ => ("(", isFolded),
        };
        var body = Choice(level + 1, folds);
        return new Piece($"{open}{body.Text})", body.Step);
    }

    private Piece Atom(bool isFolded)
    {
        switch (draw(10))
        {
            case 0:
                return One(".", _ => true);
            case 1:
                var (text, holds) = Named[draw(7)];
                var isNegated = draw(2) == 0;
                return One(isNegated ? "\\" + char.ToUpperInvariant(text[1]) + text[2..] : text, Signed(holds, isNegated, isFolded));
            case 2 or 3:
                return Class(isFolded);
            case 4:
                return Edge();
            default:
                var c = Alphabet[draw(Alphabet.Length)];
                return One(Write(c), Signed(other => other == c, false, isFolded));
        }
    }

    private string Write(char c) => draw(6) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
        1 => string.Create(CultureInfo.InvariantCulture, $"\\x{{{(int)c:X}}}"),
        2 => "\\" + Convert.ToString(c, 8).PadLeft(3, '0'),
        3 => $"\\Q{c}\\E",
        _ => char.IsAsciiLetterOrDigit(c) || c is ' ' or '~' or '/' or '%' ? c.ToString() : "\\" + c,
    };

    private Piece Class(bool isFolded)
    {
        var text = new StringBuilder("[");
        var isNegated = draw(3) == 0;
        text.Append(isNegated ? "^" : "");
        var members = new List<Func<char, bool>>();
        for (var count = 1 + draw(3); count > 0; count--)
            members.Add(Member(text, isFolded));
        if (draw(6) == 0)
        {
            text.Append('-');
            members.Add(c => c == '-');
        }

        return One(text.Append(']').ToString(), c => members.Exists(holds => holds(c)) != isNegated);
    }

    private Func<char, bool> Member(StringBuilder text, bool isFolded)
    {
        var (first, second) = (Alphabet[draw(Alphabet.Length)], Alphabet[draw(Alphabet.Length)]);
        var (from, to) = first < second ? (first, second) : (second, first);
        switch (draw(3))
        {
            case 0:
                text.Append(CultureInfo.InvariantCulture, $"\\x{(int)from:x2}-\\x{(int)to:x2}");
                return Signed(c => c >= from && c <= to, false, isFolded);
            case 1:
                var (name, holds) = Named[draw(Named.Length)];
                text.Append(name[0] == '[' ? $"[{name[1..]}" : name);
                return Signed(holds, false, isFolded);
            default:
                text.Append('\\').Append(CultureInfo.InvariantCulture, $"x{(int)from:x2}");
                return Signed(c => c == from, false, isFolded);
        }
    }

    private Piece Edge() => draw(6) switch
    {
        0 => Place("^", (_, at) => at == 0),
        1 => Place("$", (text, at) => at == text.Length),
        2 => Place("\\A", (_, at) => at == 0),
        3 => Place("\\z", (text, at) => at == text.Length),
        4 => Place("\\b", IsBoundary),
        _ => Place("\\B", (text, at) => !IsBoundary(text, at)),
    };

    private static bool IsBoundary(string text, int at) =>
        (at > 0 && IsWord(text[at - 1])) != (at < text.Length && IsWord(text[at]));

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private static Func<char, bool> Signed(Func<char, bool> holds, bool isNegated, bool isFolded) =>
        c => (holds(c) || (isFolded && (holds(char.ToLowerInvariant(c)) || holds(char.ToUpperInvariant(c))))) != isNegated;

    private static Piece One(string written, Func<char, bool> holds) => new(written, (text, before) =>
    {
        var after = 0UL;
        for (var at = 0; at < text.Length; at++)
        {
            if ((before >> at & 1) == 1 && holds(text[at]))
                after |= 1UL << (at + 1);
        }

        return after;
    });

    private static Piece Place(string written, Func<string, int, bool> holds) => new(written, (text, before) =>
    {
        var after = 0UL;
        for (var at = 0; at <= text.Length; at++)
        {
            if ((before >> at & 1) == 1 && holds(text, at))
                after |= 1UL << at;
        }

        return after;
    });
}
