using System.Globalization;

namespace Proxy.Policy;

/// <summary>Ports from the first to the last, both included.</summary>
/// <param name="First">From 1.</param>
/// <param name="Last">Not below <paramref name="First"/>.</param>
public readonly record struct PortRange(ushort First, ushort Last)
{
    /// <summary>Whether it is more than one port.</summary>
    public bool IsRange => First != Last;

    /// <summary>Whether the port is inside.</summary>
    public bool Contains(ushort port) => port >= First && port <= Last;

    /// <summary>Reads <c>80</c> or <c>8000-8010</c>: decimal, 1 to 65535, no leading zeros, the lower port first.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PortRange range)
    {
        range = default;
        var dash = text.IndexOf('-');
        if (!TryParsePort(dash < 0 ? text : text[..dash], out var first) || !TryParsePort(text[(dash + 1)..], out var last) || last < first)
            return false;

        range = new PortRange(first, last);
        return true;
    }

    /// <summary>As it is written in a manifest.</summary>
    public override string ToString() => IsRange
        ? string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}")
        : First.ToString(CultureInfo.InvariantCulture);

    private static bool TryParsePort(ReadOnlySpan<char> text, out ushort port)
    {
        port = 0;
        return text.Length is > 0 and <= 5 && text[0] != '0'
            && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
    }
}
