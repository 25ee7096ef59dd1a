using System.Globalization;
using System.Text.RegularExpressions;

namespace Fuzz.Targets;

/// <summary>Another reader of chunked bodies, written for clarity.</summary>
internal static partial class SlowChunks
{
    /// <summary>Where the body ends; null when it does not, or is malformed.</summary>
    public static int? FindEnd(string text, bool allowsExtensions)
    {
        for (var at = 0; TakeLine(text, ref at) is { } line;)
        {
            if (!(allowsExtensions ? SizeAndExtension() : Size()).IsMatch(line))
                return null;
            var size = Hexadecimal().Match(line).Value.TrimStart('0');
            if (size.Length == 0)
                return FindEndOfTrailer(text, at);
            if (size.Length > 8 || long.Parse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var count && count + 2 > text.Length - at)
                return null;
            at += (int)count;
            if (text.Substring(at, 2) != "\r\n")
                return null;
            at += 2;
        }

        return null;
    }

    private static int? FindEndOfTrailer(string text, int at)
    {
        while (TakeLine(text, ref at) is { } line)
        {
            if (line.Length == 0)
                return at;
            if (!Field().IsMatch(line))
                return null;
        }

        return null;
    }

    private static string? TakeLine(string text, ref int at)
    {
        var end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
        if (end < 0)
            return null;
        var line = text[at..end];
        at = end + 2;
        return line;
    }

    [GeneratedRegex(@"^[0-9A-Fa-f]+\z")]
    private static partial Regex Size();

    [GeneratedRegex(@"^[0-9A-Fa-f]+([; \t][^\x00-\x08\x0a-\x1f\x7f]*)?\z")]
    private static partial Regex SizeAndExtension();

    [GeneratedRegex("^[0-9A-Fa-f]+")]
    private static partial Regex Hexadecimal();

    [GeneratedRegex(@"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*\z")]
    private static partial Regex Field();
}
