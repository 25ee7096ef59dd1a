using Proxy.Policy.Matching;

namespace Proxy.Policy;

/// <summary>The HTTP rules that hold for one peer and port: a request passes when one of them matches.</summary>
public sealed class HttpRuleSet
{
    private readonly RequestRule[] _rules;
    private readonly HeaderAction[] _actions;
    private readonly HttpRuleSet? _audit;

    /// <param name="rules">One of them must match.</param>
    /// <param name="audit">What would hold if documents under audit were enforced: told, not enforced.</param>
    /// <param name="secrets">For header matches; without them one that rests on a secret alone never matches.</param>
    internal HttpRuleSet(IEnumerable<HttpMatch> rules, HttpRuleSet? audit = null, PolicySecrets? secrets = null)
    {
        var actions = new List<HeaderAction>();
        _rules = [.. rules.Select(rule => new RequestRule(rule, secrets ?? PolicySecrets.None, actions))];
        _actions = [.. actions];
        _audit = audit;
        LooksAtHeaders = Array.Exists(_rules, rule => rule.LooksAtHeaders);
    }

    /// <summary>
    /// Whether some rule speaks of header fields: what a server may add to them out of a trailer is then not to reach it.
    /// </summary>
    public bool LooksAtHeaders { get; }

    /// <summary>
    /// Judges one request. Patterns match the whole method, host, and target with its query (or path alone, where the
    /// document says so). Thread-safe; allocates nothing once its patterns have seen requests of the kind. A target that
    /// servers may resolve to another path (dot segments, encoded slashes, bytes outside visible ASCII) satisfies no
    /// rule that names a path. Every rule looks at the header fields as they were sent; the actions of all rules that
    /// match are to be carried out.
    /// </summary>
    public RequestVerdict Decide(in RequestFacts request)
    {
        var isTargetClear = request.HasSettledTarget || RequestTarget.IsClear(request.Target);
        var verdict = _actions.Length == 0 ? FindFirst(request, isTargetClear) : FindAll(request, isTargetClear);
        return _audit is null || !verdict.IsAllowed || _audit.Decide(request).IsAllowed ? verdict : verdict with { Audited = true };
    }

    private RequestVerdict FindFirst(in RequestFacts request, bool isTargetClear)
    {
        foreach (var rule in _rules)
        {
            if (rule.Matches(request, isTargetClear))
                return new RequestVerdict(true, rule.Reference);
        }

        return default;
    }

    private RequestVerdict FindAll(in RequestFacts request, bool isTargetClear)
    {
        RuleReference? first = null;
        var actions = default(HeaderActions);
        foreach (var rule in _rules)
        {
            if (!rule.Matches(request, isTargetClear))
                continue;

            first ??= rule.Reference;
            actions = rule.AddActions(request, _actions, actions);
        }

        return new RequestVerdict(first is not null, first) { Actions = actions };
    }
}
