using System.Globalization;
using System.Text;

namespace Proxy.Telemetry;

/// <summary>Flows hold text that strangers sent; none of it may steer the terminal.</summary>
internal static class TerminalText
{
    public static string Escape(string text)
    {
        if (!text.Any(IsDangerous))
            return text;
        var safe = new StringBuilder(text.Length + 16);
        foreach (var c in text)
            _ = IsDangerous(c) ? safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : safe.Append(c);
        return safe.ToString();
    }

    /// <summary>Control characters, and the marks that turn the direction of text.</summary>
    private static bool IsDangerous(char c) =>
        char.IsControl(c)
        || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
