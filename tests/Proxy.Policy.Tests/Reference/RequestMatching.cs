using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Proxy.Policy.Tests.Reference;

/// <summary>Cilium §7: fields are AND, an absent or empty field matches anything, patterns match the whole string.</summary>
internal static class RequestMatching
{
    private static readonly ConcurrentDictionary<string, Regex> Patterns = new();

    public static bool Matches(RequestRule rule, Request request, IReadOnlyList<ClusterSecret> secrets)
    {
        var path = rule.IgnoresQuery ? request.Target.Split('?', 2)[0] : request.Target;
        return MatchesPattern(rule.Rule.Method, request.Method)
            && (IsClear(request.Target) || string.IsNullOrEmpty(rule.Rule.Path))
            && MatchesPattern(rule.Rule.Path, path)
            && MatchesPattern(rule.Rule.Host, request.Host)
            && rule.Rule.Headers.All(header => MatchesHeader(header, request))
            && rule.Rule.HeaderMatches.All(match => MatchesHeader(match, request, secrets));
    }

    /// <summary>Where the value differs or is absent: ADD adds, DELETE removes what is there, REPLACE sets; LOG changes nothing.</summary>
    public static IEnumerable<string> ActionsOf(RequestRule rule, Request request) =>
        from match in rule.Rule.HeaderMatches
        let values = ValuesOf(request, match.Name).ToList()
        where !values.Contains(match.Value!) && (match.Mismatch is "ADD" or "REPLACE" || (match.Mismatch is "DELETE" && values.Count > 0))
        select match.Mismatch == "DELETE" ? $"DELETE {match.Name}" : $"{match.Mismatch} {match.Name} {match.Value}";

    private static bool MatchesPattern(string? pattern, string text) =>
        string.IsNullOrEmpty(pattern)
        || Patterns.GetOrAdd(pattern, key => new Regex($@"\A(?:{key})\z", RegexOptions.CultureInvariant)).IsMatch(text);

    // Issue §5: what normalisation would change is no path that a rule could name.
    private static bool IsClear(string target) => !target.Contains("..", StringComparison.Ordinal) && !target.Contains('%');

    // "Name: value" exact, or "Name" = present; split at the first blank, trailing colon dropped.
    private static bool MatchesHeader(string written, Request request)
    {
        var parts = written.Split(' ', 2);
        return ValuesOf(request, parts[0].TrimEnd(':')).Any(value => parts.Length == 1 || value == parts[1]);
    }

    // With a mismatch action the rule matches whatever the header holds.
    private static bool MatchesHeader(HeaderMatch match, Request request, IReadOnlyList<ClusterSecret> secrets)
    {
        if (match.Mismatch is not null)
            return true;

        var values = ValuesOf(request, match.Name).ToList();
        // No value and no secret = presence only.
        if (match.Secret is null && match.Value is null)
            return values.Count > 0;

        var expected = match.Secret is { } secret ? ValueOf(secret, secrets, match.Value) : match.Value;
        return expected is not null && values.Contains(expected);
    }

    // A secret must have one entry; when it is absent the value is used; neither = never.
    private static string? ValueOf(SecretReference reference, IReadOnlyList<ClusterSecret> secrets, string? otherwise)
    {
        var found = secrets.FirstOrDefault(secret => secret.Namespace == reference.Namespace && secret.Name == reference.Name);
        return found is null ? otherwise : found.Value;
    }

    // Header names have no case.
    private static IEnumerable<string> ValuesOf(Request request, string name) =>
        from header in request.Headers
        where header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
        select header.Value;
}
