using System.Globalization;
using System.Text.RegularExpressions;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry.Filters;

/// <summary>Conditions on requests and responses.</summary>
internal static class HttpConditions
{
    private const int PatternLimit = 4096;

    public static IEnumerable<Func<Flow, bool>> Of(FlowFilter filter)
    {
        Func<Flow, bool>[] conditions =
        [
            .. Conditions.Any(filter.HttpStatusCode, Status, (matches, flow) => Http(flow) is { Code: > 0 } http && matches(http.Code)),
            .. Conditions.Any(filter.HttpMethod, method => method, (method, flow) => Is(Http(flow)?.Method, method)),
            .. Conditions.Any(filter.HttpPath, Regex, (regex, flow) => Http(flow) is { } http && regex.IsMatch(Path(http.Url))),
            .. Conditions.Any(filter.HttpUrl, Regex, (regex, flow) => Http(flow) is { } http && regex.IsMatch(http.Url)),
        ];
        if (conditions.Length > 0 && !MayBeL7(filter))
            throw new FilterFault("http filters need event type l7");
        return conditions;
    }

    /// <summary>RE2's promise, time linear in the text, kept by an engine that does not backtrack.</summary>
    public static Regex Regex(string pattern)
    {
        if (pattern.Length > PatternLimit)
            throw new FilterFault($"regular expression longer than {PatternLimit} characters");
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception fault) when (fault is ArgumentException or NotSupportedException)
        {
            throw new FilterFault($"invalid regular expression '{pattern}': {fault.Message}");
        }
    }

    private static bool MayBeL7(FlowFilter filter) =>
        filter.EventType.Count == 0 || filter.EventType.Any(type => type.Type is 0 or FlowMapping.L7Event);

    private static HTTP? Http(Flow flow) => flow.L7?.Http;

    private static bool Is(string? method, string wanted) =>
        string.Equals(method, wanted, StringComparison.OrdinalIgnoreCase);

    /// <summary>"404", or a prefix: "4+", "40+".</summary>
    private static Func<uint, bool> Status(string text)
    {
        var digits = text.TrimEnd('+');
        var isPrefix = text.Length == digits.Length + 1;
        var isWellFormed = digits.Length > 0 && digits[0] is >= '1' and <= '5' && digits.All(char.IsAsciiDigit)
            && (isPrefix ? digits.Length <= 2 : text.Length == 3 && digits.Length == 3);
        if (!isWellFormed)
            throw new FilterFault($"invalid http status code '{text}'");
        return code => code.ToString(CultureInfo.InvariantCulture) is var actual
            && (isPrefix ? actual.StartsWith(digits, StringComparison.Ordinal) : actual == digits);
    }

    private static string Path(string url)
    {
        var authority = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var start = url.IndexOf('/', authority);
        if (start < 0)
            return "";
        var end = url.AsSpan(start).IndexOfAny('?', '#');
        return Uri.UnescapeDataString(end < 0 ? url[start..] : url.Substring(start, end));
    }
}
