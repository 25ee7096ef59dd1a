using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Proxy.Policy.Matching;

/// <summary>A regular expression over a whole byte string, without backtracking; literals are compared as bytes.</summary>
internal abstract class HttpPattern
{
    /// <summary>The longest pattern in characters.</summary>
    public const int MaxLength = 4096;

    /// <summary>The longest text that an expression looks at; anything longer does not match.</summary>
    public const int MaxTextLength = 64 * 1024;

    /// <summary>Whether the whole text matches.</summary>
    public abstract bool Matches(ReadOnlySpan<byte> text);

    /// <summary>Makes a pattern, or says in <paramref name="fault"/> why not.</summary>
    public static bool TryCreate(string pattern, [NotNullWhen(true)] out HttpPattern? result, out string fault)
    {
        result = null;
        fault = "";
        if (pattern.Length > MaxLength)
            fault = string.Create(CultureInfo.InvariantCulture, $"the pattern is longer than {MaxLength} characters");
        else if (pattern.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            fault = "a pattern holds visible ASCII characters only; percent-encode others as clients do";
        else if (LiteralPattern.TryParse(pattern, out var literals))
            result = new LiteralPattern(literals);
        else if (PatternSyntax.FindFault(pattern) is { } unsupported)
            fault = unsupported;
        else
            result = Compile(pattern, out fault);
        return result is not null;
    }

    // The pattern must stand on its own first: "a)|(b" only becomes valid inside the group that anchors it.
    private static ExpressionPattern? Compile(string pattern, out string fault)
    {
        fault = "";
        try
        {
            _ = new Regex(pattern, RegexOptions.CultureInvariant);
            var options = RegexOptions.CultureInvariant | RegexOptions.NonBacktracking;
            return new ExpressionPattern(new Regex($"^(?:{pattern})\\z", options));
        }
        catch (RegexParseException e)
        {
            fault = string.Create(CultureInfo.InvariantCulture, $"the pattern is not a regular expression: {e.Error} at character {e.Offset}");
        }
        catch (NotSupportedException)
        {
            fault = "the pattern needs backtracking, or becomes too large when compiled";
        }

        return null;
    }
}

/// <summary>One of several byte strings.</summary>
internal sealed class LiteralPattern(byte[][] literals) : HttpPattern
{
    private const string Metacharacters = "\\.+*?()[]{}|^$";

    public override bool Matches(ReadOnlySpan<byte> text)
    {
        foreach (var literal in literals)
        {
            if (text.SequenceEqual(literal))
                return true;
        }

        return false;
    }

    /// <summary>Reads <c>a|b|c</c> without groups; a leading <c>^</c> and a trailing <c>$</c> say what holds anyway.</summary>
    public static bool TryParse(string pattern, out byte[][] literals)
    {
        var found = new List<byte[]>();
        var current = new List<byte>();
        literals = [];
        for (var i = 0; i <= pattern.Length; i++)
        {
            if (i == pattern.Length || pattern[i] == '|')
            {
                found.Add([.. current]);
                current.Clear();
            }
            else if (!IsNeedlessAnchor(pattern, i, current.Count == 0) && !TryAdd(pattern, ref i, current))
                return false;
        }

        literals = [.. found];
        return true;
    }

    private static bool TryAdd(string pattern, ref int i, List<byte> literal)
    {
        if (pattern[i] == '\\' && i + 1 < pattern.Length && char.IsAsciiLetterOrDigit(pattern[i + 1]) is false)
            i++;
        else if (Metacharacters.Contains(pattern[i]))
            return false;

        literal.Add((byte)pattern[i]);
        return true;
    }

    private static bool IsNeedlessAnchor(string pattern, int i, bool isFirst) => pattern[i] switch
    {
        '^' => isFirst,
        '$' => i + 1 == pattern.Length || pattern[i + 1] == '|',
        _ => false,
    };
}

/// <summary>Anything that is not a literal.</summary>
internal sealed class ExpressionPattern(Regex regex) : HttpPattern
{
    private const int StackLength = 512;

    public override bool Matches(ReadOnlySpan<byte> text)
    {
        if (text.Length > MaxTextLength)
            return false;

        if (text.Length <= StackLength)
            return Matches(text, stackalloc char[StackLength]);

        var rented = ArrayPool<char>.Shared.Rent(text.Length);
        var isMatch = Matches(text, rented);
        ArrayPool<char>.Shared.Return(rented);
        return isMatch;
    }

    // Control characters and bytes outside ASCII never match, not even a dot: no pattern can name them.
    private bool Matches(ReadOnlySpan<byte> text, Span<char> chars)
    {
        if (text.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            return false;

        var length = Encoding.ASCII.GetChars(text, chars);
        return regex.IsMatch(chars[..length]);
    }
}
