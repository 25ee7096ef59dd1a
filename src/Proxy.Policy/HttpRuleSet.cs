using Proxy.Policy.Matching;

namespace Proxy.Policy;

/// <summary>The HTTP rules that hold for one peer and port: a request passes when one of them matches, on each side that has some.</summary>
public sealed class HttpRuleSet
{
    private readonly RequestRule[] _rules;
    private readonly HeaderAction[] _actions;
    private readonly HttpRuleSet? _audit;
    private readonly HttpRuleSet? _further;

    /// <param name="rules">One of them must match.</param>
    /// <param name="audit">What would hold if documents under audit were enforced: told, not enforced.</param>
    /// <param name="secrets">For header matches; without them one that rests on a secret alone never matches.</param>
    internal HttpRuleSet(IEnumerable<HttpMatch> rules, HttpRuleSet? audit = null, PolicySecrets? secrets = null)
    {
        var actions = new List<HeaderAction>();
        _rules = [.. rules.Select(rule => new RequestRule(rule, secrets ?? PolicySecrets.None, actions))];
        _actions = [.. actions];
        _audit = audit;
    }

    private HttpRuleSet(HttpRuleSet first, HttpRuleSet further)
    {
        (_rules, _actions, _audit) = (first._rules, first._actions, first._audit);
        _further = first._further is { } between ? between.And(further) : further;
    }

    /// <summary>The rules of two sides: both must let a request pass, and the actions of both are to be carried out, these first.</summary>
    public HttpRuleSet And(HttpRuleSet further)
    {
        ArgumentNullException.ThrowIfNull(further);
        return new HttpRuleSet(this, further);
    }

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
        if (_audit is not null && verdict.IsAllowed && !_audit.Decide(request).IsAllowed)
            verdict = verdict with { Audited = true };
        return _further is null || !verdict.IsAllowed ? verdict : Join(verdict, _further.Decide(request));
    }

    private static RequestVerdict Join(in RequestVerdict first, in RequestVerdict further) => further.IsAllowed
        ? first with { Actions = first.Actions.Then(further.Actions), Audited = first.Audited || further.Audited }
        : further;

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
