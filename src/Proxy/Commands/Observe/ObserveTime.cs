using System.Globalization;
using System.Text.RegularExpressions;

namespace Proxy.Commands.Observe;

/// <summary>Moments as they are typed and printed; all in UTC.</summary>
internal static class ObserveTime
{
    public const string DefaultFormat = "StampMilli";

    private static readonly Regex DurationForm = new(
        @"^(?:(?<n>[0-9]+(?:\.[0-9]+)?)(?<u>ns|us|µs|ms|s|m|h))+$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant);

    private static readonly string[] DateForms =
    [
        "yyyy-MM-dd", "yyyy-MM-ddTHHK", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK",
        "ddd, dd MMM yyyy HH:mm:ss zzz",
    ];

    private static readonly Dictionary<string, string> Formats = new(StringComparer.Ordinal)
    {
        ["YearMonthDay"] = "yyyy-MM-dd",
        ["YearMonthDayHour"] = "yyyy-MM-ddTHHZ",
        ["YearMonthDayHourMinute"] = "yyyy-MM-ddTHH:mmZ",
        ["RFC3339"] = "yyyy-MM-ddTHH:mm:ssZ",
        ["RFC3339Milli"] = "yyyy-MM-ddTHH:mm:ss.FFFZ",
        ["RFC3339Micro"] = "yyyy-MM-ddTHH:mm:ss.FFFFFFZ",
        ["RFC3339Nano"] = "yyyy-MM-ddTHH:mm:ss.FFFFFFFZ",
        ["RFC1123Z"] = "ddd, dd MMM yyyy HH:mm:ss +0000",
    };

    public static IEnumerable<string> FormatNames => Formats.Keys.Prepend(DefaultFormat);

    /// <summary>A duration before now ("5m", "1h30m") or a date.</summary>
    public static DateTimeOffset Parse(string text, DateTimeOffset now)
    {
        var match = text.Length <= 64 ? DurationForm.Match(text) : Match.Empty;
        if (match.Success)
            return now - Duration(match);
        return DateTimeOffset.TryParseExact(
            text, DateForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date)
            ? date
            : throw new UsageFault($"cannot read the time '{text}'; a duration like 5m or 1h30m, or a date like 2026-01-31T15:04:05Z");
    }

    public static string Format(DateTime? utc, string format)
    {
        if (utc is not { } time)
            return "N/A";
        if (format != DefaultFormat)
            return time.ToString(Formats[format], CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{time:MMM} {time.Day,2} {time:HH:mm:ss.fff}");
    }

    private static TimeSpan Duration(Match match)
    {
        var total = TimeSpan.Zero;
        for (var i = 0; i < match.Groups["n"].Captures.Count; i++)
            total += Part(match.Groups["n"].Captures[i].ValueSpan, match.Groups["u"].Captures[i].Value);
        return total;
    }

    private static TimeSpan Part(ReadOnlySpan<char> number, string unit)
    {
        var value = double.Parse(number, CultureInfo.InvariantCulture);
        var seconds = unit switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 1e-3, "ns" => 1e-9, _ => 1e-6 };
        return value * seconds <= TimeSpan.FromDays(36500).TotalSeconds
            ? TimeSpan.FromSeconds(value * seconds)
            : throw new UsageFault("the duration is longer than a century");
    }
}
