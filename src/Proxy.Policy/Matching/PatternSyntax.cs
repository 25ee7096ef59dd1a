using System.Globalization;

namespace Proxy.Policy.Matching;

/// <summary>
/// Keeps patterns to what RE2 and .NET read alike: policies are written for RE2, and where the two differ silently
/// (POSIX classes, class subtraction, conditional groups) a pattern would allow what it does not say.
/// </summary>
internal static class PatternSyntax
{
    private const string LetterEscapes = "dDwWsSbBAzpPx";
    private const int MaxRepeat = 1000;

    /// <summary>The first fault, or null.</summary>
    public static string? FindFault(string pattern)
    {
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var rest = pattern.AsSpan(i);
            if (FaultAt(rest, inClass) is { } fault)
                return string.Create(CultureInfo.InvariantCulture, $"{fault} at character {i + 1} of the pattern");

            if (rest[0] == '\\')
                i++;
            else if (rest[0] == '[' && !inClass)
                (inClass, i) = (true, i + FirstOfClass(rest) - 1);
            else if (rest[0] == ']')
                inClass = false;
        }

        return new PatternSize(pattern).IsWithinLimits() ? null : "the pattern becomes too large when its repetitions are written out";
    }

    private static string? FaultAt(ReadOnlySpan<char> rest, bool inClass) => rest[0] switch
    {
        '\\' => IsCommonEscape(rest) ? null : "an escape that RE2 does not have, or reads differently, stands",
        '[' when inClass => "an opening bracket inside a character class, which may mean a class of its own, stands",
        '(' when !inClass && rest.StartsWith("(?") && !IsCommonGroup(rest) => "a kind of group that is not supported stands",
        '{' when !inClass && RepeatOf(rest) > MaxRepeat => "a repetition of more than 1000 stands",
        _ => null,
    };

    private static bool IsCommonEscape(ReadOnlySpan<char> rest) =>
        rest.Length > 1 && (LetterEscapes.Contains(rest[1]) || !char.IsAsciiLetterOrDigit(rest[1]));

    // "[]a]" and "[^]a]" hold a closing bracket as their first member.
    private static int FirstOfClass(ReadOnlySpan<char> rest)
    {
        var first = rest.StartsWith("[^") ? 2 : 1;
        return first < rest.Length && rest[first] == ']' ? first + 1 : first;
    }

    private static bool IsCommonGroup(ReadOnlySpan<char> rest)
    {
        var inside = rest[2..];
        var end = inside.IndexOfAnyExcept("ims-");
        return end >= 0 && inside[end] is (':' or ')');
    }

    /// <summary>From the opening bracket to behind the closing one, or to the end.</summary>
    public static int LengthOfClass(ReadOnlySpan<char> rest)
    {
        var i = FirstOfClass(rest);
        while (i < rest.Length && rest[i] != ']')
            i += rest[i] == '\\' ? 2 : 1;
        return Math.Min(i + 1, rest.Length);
    }

    /// <summary>The largest count of a repetition in braces; 0 if there is none.</summary>
    public static int RepeatOf(ReadOnlySpan<char> rest)
    {
        var largest = 0;
        var number = 0;
        foreach (var c in rest[1..])
        {
            if (char.IsAsciiDigit(c))
                number = Math.Min((number * 10) + (c - '0'), MaxRepeat + 1);
            else if (c is ',')
                number = 0;
            else
                break;

            largest = Math.Max(largest, number);
        }

        return largest;
    }
}
