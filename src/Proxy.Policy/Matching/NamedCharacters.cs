using System.Collections.Frozen;
using System.Globalization;

namespace Proxy.Policy.Matching;

/// <summary>The classes that have names: Perl's, POSIX', and Unicode's, which are cut to ASCII.</summary>
internal static class NamedCharacters
{
    private static readonly FrozenDictionary<string, CharacterSet> Posix = new Dictionary<string, CharacterSet>
    {
        ["alnum"] = CharacterSet.Of(char.IsAsciiLetterOrDigit),
        ["alpha"] = CharacterSet.Of(char.IsAsciiLetter),
        ["ascii"] = CharacterSet.All,
        ["blank"] = CharacterSet.Of(c => c == ' '),
        ["cntrl"] = default,
        ["digit"] = CharacterSet.Of(char.IsAsciiDigit),
        ["graph"] = CharacterSet.Of(c => c != ' '),
        ["lower"] = CharacterSet.Of(char.IsAsciiLetterLower),
        ["print"] = CharacterSet.All,
        ["punct"] = CharacterSet.Of(c => c != ' ' && !char.IsAsciiLetterOrDigit(c)),
        ["space"] = CharacterSet.Of(c => c == ' '),
        ["upper"] = CharacterSet.Of(char.IsAsciiLetterUpper),
        ["word"] = CharacterSet.Of(IsWord),
        ["xdigit"] = CharacterSet.Of(char.IsAsciiHexDigit),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // Scripts without a character in ASCII: they match nothing that reaches a pattern.
    private static readonly FrozenSet<string> Scripts = FrozenSet.Create(
        StringComparer.Ordinal,
        "Arabic", "Armenian", "Bengali", "Bopomofo", "Braille", "Cherokee", "Coptic", "Cyrillic", "Devanagari", "Ethiopic", "Georgian",
        "Greek", "Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana", "Inherited", "Kannada", "Katakana", "Khmer", "Lao",
        "Malayalam", "Mongolian", "Myanmar", "Oriya", "Sinhala", "Syriac", "Tamil", "Telugu", "Thaana", "Thai", "Tibetan", "Yi");

    private static readonly FrozenDictionary<string, CharacterSet> Unicode = MakeUnicode();

    /// <summary>Inside of <c>[: :]</c>, without a <c>^</c>.</summary>
    public static CharacterSet? FindPosix(string name) => Posix.TryGetValue(name, out var set) ? set : null;

    /// <summary>A category such as <c>Lu</c>, or a script.</summary>
    public static CharacterSet? FindUnicode(string name) =>
        Unicode.TryGetValue(name, out var set) ? set : Scripts.Contains(name) ? default(CharacterSet) : null;

    /// <summary>Of <c>\d</c>, <c>\s</c>, <c>\w</c>: ASCII only, as RE2 has them; null for other letters.</summary>
    public static CharacterSet? FindPerl(char letter) => letter switch
    {
        'd' => Posix["digit"],
        's' => Posix["space"],
        'w' => Posix["word"],
        _ => null,
    };

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private static FrozenDictionary<string, CharacterSet> MakeUnicode()
    {
        string[] categories =
        [
            "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
            "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So",
        ];
        var sets = categories.ToDictionary(name => name, name => CharacterSet.Of(c => CategoryOf(c) == name));
        foreach (var group in categories.GroupBy(name => name[..1]).ToArray())
            sets[group.Key] = group.Aggregate(default(CharacterSet), (all, name) => all.With(sets[name]));
        sets["Any"] = CharacterSet.All;
        sets["Latin"] = CharacterSet.Of(char.IsAsciiLetter);
        sets["Common"] = sets["Latin"].Inverted();
        return sets.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static string CategoryOf(char c) => CharUnicodeInfo.GetUnicodeCategory(c) switch
    {
        UnicodeCategory.UppercaseLetter => "Lu",
        UnicodeCategory.LowercaseLetter => "Ll",
        UnicodeCategory.DecimalDigitNumber => "Nd",
        UnicodeCategory.SpaceSeparator => "Zs",
        UnicodeCategory.ConnectorPunctuation => "Pc",
        UnicodeCategory.DashPunctuation => "Pd",
        UnicodeCategory.OpenPunctuation => "Ps",
        UnicodeCategory.ClosePunctuation => "Pe",
        UnicodeCategory.OtherPunctuation => "Po",
        UnicodeCategory.MathSymbol => "Sm",
        UnicodeCategory.CurrencySymbol => "Sc",
        UnicodeCategory.ModifierSymbol => "Sk",
        _ => "",
    };
}
