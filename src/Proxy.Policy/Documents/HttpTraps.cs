using System.Text;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Warns of rules about requests that are well formed and rarely mean what they seem to say.</summary>
internal sealed class HttpTraps(bool ignoresQuery, FaultLog faults)
{
    private static readonly ushort[] TlsPorts = [443, 8443];

    private static readonly byte[][] Methods =
        [.. new[] { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE" }.Select(Encoding.ASCII.GetBytes)];

    // Pieces of a pattern that may match the question mark of a query.
    private static readonly string[] QueryPieces = [".*", ".+", ".{", "\\?", "[?", "[^", "?]", "\\S", "\\D", "\\W", "\\x3f", "\\x3F", "\\Q"];

    public void Look(ManifestMapping entry, PortMatch ports)
    {
        if (entry["rules"] is not ManifestMapping rules || rules["http"] is not ManifestSequence { Items.Count: > 0 } http)
            return;

        if (entry.Find("terminatingTLS") is null && TlsPorts.FirstOrDefault(port => ports.Entries.Any(entry => entry.Names(TransportProtocol.Tcp, port, null))) is > 0 and var tls)
            faults.Warn(http, $"port {tls} is usually TLS, whose requests cannot be read: they will be refused");

        ManifestMapping[] items = [.. http.Items.OfType<ManifestMapping>()];
        LookForHead(items);
        foreach (var item in items)
        {
            LookForConditions(item);
            if (item["method"] is ManifestScalar { IsNull: false } method)
                LookAtMethod(method);
            if (item["path"] is ManifestScalar { IsNull: false } path)
                LookAtPath(path);
            if (item["host"] is ManifestScalar { IsNull: false } host)
                LookAtHost(host);
        }
    }

    private void LookForHead(ManifestMapping[] items)
    {
        if (items.Any(item => item.Find("method") is null or ManifestScalar { Value: "" }))
            return;

        // A list has many rules and few methods.
        var known = new Dictionary<string, HttpPattern?>(StringComparer.Ordinal);
        HttpPattern?[] patterns = [.. items.Select(item => PatternOf(item["method"], known))];
        if (patterns.Any(pattern => pattern?.Matches("HEAD"u8) ?? true))
            return;

        for (var i = 0; i < items.Length; i++)
        {
            if (patterns[i]!.Matches("GET"u8))
                faults.Warn(items[i]["method"]!, "GET does not cover HEAD, which health checks and caches use", "write 'GET|HEAD'");
        }
    }

    private static HttpPattern? PatternOf(ManifestNode? node, Dictionary<string, HttpPattern?> known)
    {
        if (node is not ManifestScalar { Value: var text })
            return null;

        if (!known.TryGetValue(text, out var pattern))
            known[text] = pattern = HttpPattern.TryCreate(text, out var made, out _) ? made : null;
        return pattern;
    }

    private void LookForConditions(ManifestMapping item)
    {
        if (item["headerMatches"] is ManifestSequence { Items.Count: > 0 } matches
            && item.Entries.All(entry => entry.Key.Value == "headerMatches" || entry.Value is ManifestScalar { Value: "" })
            && matches.Items.All(match => match is ManifestMapping mapping && mapping.Find("mismatch") is not (null or ManifestScalar { Value: "" })))
            faults.Warn(matches, "every request passes: a match with 'mismatch' changes requests, and refuses none", "leave 'mismatch' out to refuse them");
    }

    private void LookAtMethod(ManifestScalar method)
    {
        var upper = method.Value.ToUpperInvariant();
        if (upper != method.Value && !MatchesAny(method.Value) && MatchesAny(upper))
            faults.Warn(method, "methods have capital letters: no request has this one", $"did you mean '{ManifestText.Show(upper)}'?");
    }

    private static bool MatchesAny(string pattern) =>
        HttpPattern.TryCreate(pattern, out var made, out _) && Methods.Any(method => made.Matches(method));

    private void LookAtPath(ManifestScalar path)
    {
        if (MissesSlash(path.Value))
            faults.Warn(path, "every path begins with a slash: no request has this one", $"did you mean '/{ManifestText.Show(path.Value.TrimStart('^'))}'?");
        if (path.Value.StartsWith('^') && (char.IsAsciiLetterOrDigit(path.Value[^1]) || path.Value[^1] is '/' or '-' or '_'))
            faults.Warn(
                path, "the whole path must match: '^' makes no prefix of the pattern", $"write '{ManifestText.Show(path.Value[1..])}.*' for all that begins so");
        if (path.Value.EndsWith("/*", StringComparison.Ordinal))
            faults.Warn(
                path, "'*' repeats the slash before it, and nothing below the path matches",
                $"write '{ManifestText.Show(path.Value[..^1])}.*' for everything below");
        if (!ignoresQuery && path.Value.Length > 0 && !QueryPieces.Any(piece => path.Value.Contains(piece, StringComparison.Ordinal)))
            faults.Warn(
                path, "the path is matched together with the query: a request with a query is refused",
                @"end it with '(\?.*)?', or annotate the document with node-proxy.dev/ignore-query: ""true""");
    }

    // Not one that may begin otherwise: by another branch, or because its first character may be absent.
    private static bool MissesSlash(string pattern)
    {
        var text = pattern.TrimStart('^');
        return text.Length > 0 && char.IsAsciiLetterOrDigit(text[0])
            && !(text.Length > 1 && text[1] is '*' or '?' or '{')
            && !text.Contains('|', StringComparison.Ordinal);
    }

    private void LookAtHost(ManifestScalar host)
    {
        if (HasBareDot(host.Value))
            faults.Warn(host, "a dot that is not escaped matches any character", @"write '\.' for a dot");
    }

    private static bool HasBareDot(string pattern)
    {
        var isInClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == '\\')
                i++;
            else if (pattern[i] is '[' or ']')
                isInClass = pattern[i] == '[';
            else if (pattern[i] == '.' && !isInClass && !(i + 1 < pattern.Length && pattern[i + 1] is '*' or '+' or '{' or '?'))
                return true;
        }

        return false;
    }
}
