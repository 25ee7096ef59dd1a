using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Proxy.Policy.Matching;

/// <summary>
/// A regular expression, as RE2 reads it, over a whole byte string, without backtracking. Texts with anything but visible
/// ASCII and blanks match no expression: no well-formed request has them.
/// </summary>
internal abstract class HttpPattern
{
    /// <summary>The longest pattern in characters.</summary>
    public const int MaxLength = 4096;

    /// <summary>The longest text that an expression looks at; anything longer does not match.</summary>
    public const int MaxTextLength = 64 * 1024;

    /// <summary>Whether the whole text matches.</summary>
    public abstract bool Matches(ReadOnlySpan<byte> text);

    /// <summary>Makes a pattern, or says in <paramref name="fault"/> why not.</summary>
    public static bool TryCreate(string pattern, [NotNullWhen(true)] out HttpPattern? result, out PatternFault fault)
    {
        result = null;
        fault = CheckText(pattern);
        if (fault == default && PatternParser.Parse(pattern, out fault) is { } node)
            result = PatternPrefixes.TryFind(node, out var prefixes) ? new PrefixPattern(prefixes) : Compile(node, out fault);
        return result is not null;
    }

    private static PatternFault CheckText(string pattern)
    {
        if (pattern.Length > MaxLength)
            return new PatternFault(string.Create(CultureInfo.InvariantCulture, $"the pattern is longer than {MaxLength} characters"), "write several rules");

        return pattern.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? new PatternFault("a pattern holds visible ASCII characters only", "percent-encode others as clients do")
            : default;
    }

    private static ExpressionPattern? Compile(PatternNode node, out PatternFault fault)
    {
        fault = default;
        if (PatternSize.Of(node).IsTooLarge)
        {
            fault = TooLarge;
            return null;
        }

        try
        {
            var options = RegexOptions.CultureInvariant | RegexOptions.NonBacktracking;
            return new ExpressionPattern(new Regex(PatternText.Of(node), options));
        }
        catch (NotSupportedException)
        {
            fault = TooLarge;
            return null;
        }
    }

    private static PatternFault TooLarge { get; } =
        new("the pattern becomes too large when its repetitions are written out", "write several rules, or fewer counts in counts");
}
