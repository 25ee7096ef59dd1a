using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads the request rules of an entry of toPorts.</summary>
/// <param name="faults">Where faults go.</param>
/// <param name="ignoresQuery">The document is annotated so that its path patterns look at the path without the query.</param>
internal sealed class HttpReading(FaultLog faults, bool ignoresQuery = false)
{
    private readonly HeaderReading _headers = new(faults);

    /// <summary>The rules; null when requests are not looked at, which is also what an empty list says.</summary>
    public IReadOnlyList<HttpMatch>? Read(ManifestMapping portRule, PortMatch ports, Func<string, RuleReference> reference)
    {
        if (portRule.FindGiven("rules", faults)?.AsMapping(faults) is not { } rules)
            return null;

        KeySchema.Requests.Check(rules, faults);
        if (rules.FindGiven("http", faults) is not { } http || http.AsItems(faults) is not { Count: > 0 } items)
            return null;

        CheckPorts(http, ports);
        return [.. items.Select((item, i) => ReadRule(item, reference($"rules.http[{i}]")))];
    }

    private void CheckPorts(ManifestNode http, PortMatch ports)
    {
        if (ports.Entries.Any(entry => entry.Protocol != TransportProtocol.Tcp))
            faults.Add(http, "HTTP rules need protocol TCP on every port of the entry", "write 'protocol: TCP'");
        else if (ports.Entries.Any(entry => entry.IsWhole))
            faults.Add(http, "HTTP rules need port numbers, not port 0");
    }

    private HttpMatch ReadRule(ManifestNode node, RuleReference reference)
    {
        if (node.AsMapping(faults) is not { } rule)
            return new HttpMatch(null, null, reference);

        KeySchema.Http.Check(rule, faults);
        return new HttpMatch(ReadPattern(rule, "method"), ReadPattern(rule, "path"), reference)
        {
            Host = ReadPattern(rule, "host"),
            Headers = _headers.Read(rule, reference.Namespace),
            IgnoresQuery = ignoresQuery,
        };
    }

    private HttpPattern? ReadPattern(ManifestMapping rule, string key)
    {
        if (rule.FindGiven(key, faults) is not { } node || node.AsText(faults) is not { Length: > 0 } text)
            return null;

        if (!HttpPattern.TryCreate(text, out var pattern, out var fault))
            faults.Add(node, fault.Reason, fault.Hint);
        return pattern;
    }
}
