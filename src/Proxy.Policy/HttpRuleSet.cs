using Proxy.Policy.Matching;

namespace Proxy.Policy;

/// <summary>The HTTP rules that hold for one peer and port: a request passes when one of them matches.</summary>
public sealed class HttpRuleSet
{
    private readonly HttpMatch[] _rules;
    private readonly RequestVerdict[] _allowed;
    private readonly HttpRuleSet? _audit;

    /// <param name="rules">One of them must match.</param>
    /// <param name="audit">What would hold if documents under audit were enforced: told, not enforced.</param>
    internal HttpRuleSet(IEnumerable<HttpMatch> rules, HttpRuleSet? audit = null)
    {
        _audit = audit;
        _rules = [.. rules];
        _allowed = Array.ConvertAll(_rules, rule => new RequestVerdict(true, rule.Reference));
    }

    /// <summary>
    /// Judges one request. Patterns match the whole method and the whole target with its query. Thread-safe; allocates
    /// nothing once its patterns have seen requests of the kind. A target that servers may resolve to another path
    /// (dot segments, encoded slashes, bytes outside visible ASCII) satisfies no rule that names a path.
    /// </summary>
    public RequestVerdict Decide(in RequestFacts request)
    {
        var verdict = DecideEnforced(request);
        return _audit is null || !verdict.IsAllowed || _audit.Decide(request).IsAllowed ? verdict : verdict with { Audited = true };
    }

    private RequestVerdict DecideEnforced(in RequestFacts request)
    {
        var isTargetClear = RequestTarget.IsClear(request.Target);
        for (var i = 0; i < _rules.Length; i++)
        {
            if (_rules[i].Matches(request, isTargetClear))
                return _allowed[i];
        }

        return default;
    }
}
