using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Proxy.Issuer;

/// <summary>A span of time as operators write it: a whole number and s, m, h or d.</summary>
internal static class LifetimeText
{
    public static bool TryParse([NotNullWhen(true)] string? text, out TimeSpan lifetime)
    {
        lifetime = default;
        if (text is not { Length: >= 2 and <= 8 } || SecondsPer(text[^1]) is not { } unit)
            return false;
        if (!int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return false;
        lifetime = TimeSpan.FromSeconds(count * unit);
        return true;
    }

    private static long? SecondsPer(char unit) => unit switch
    {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => null,
    };
}
