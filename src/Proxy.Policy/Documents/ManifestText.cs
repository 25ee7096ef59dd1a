namespace Proxy.Policy.Documents;

/// <summary>Text of a manifest made fit for one line of a log.</summary>
internal static class ManifestText
{
    private const int LongestShown = 80;

    /// <summary>The text without control characters, cut to a length that a person reads.</summary>
    public static string Show(string text)
    {
        var shown = text.Length > LongestShown ? string.Concat(text.AsSpan(0, LongestShown), "…") : text;
        return shown.Any(IsUnfit)
            ? string.Create(shown.Length, shown, static (span, from) =>
            {
                for (var i = 0; i < span.Length; i++)
                    span[i] = IsUnfit(from[i]) ? '\uFFFD' : from[i];
            })
            : shown;
    }

    /// <summary>Whether every surrogate has its partner, so that the text has one encoding.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;

            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;

            i++;
        }

        return true;
    }

    private static bool IsUnfit(char c) => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029';
}
