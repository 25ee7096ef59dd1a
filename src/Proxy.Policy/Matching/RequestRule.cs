namespace Proxy.Policy.Matching;

/// <summary>One HTTP rule as requests are judged by it.</summary>
internal sealed class RequestRule
{
    private readonly HttpMatch _match;
    private readonly HeaderTest[] _demands;
    private readonly (HeaderTest Test, int Missing, int Rejected)[] _wishes;
    private readonly bool _isNever;

    /// <param name="match">The rule.</param>
    /// <param name="secrets">For its header matches.</param>
    /// <param name="actions">Of the whole set; those of this rule are added.</param>
    public RequestRule(HttpMatch match, PolicySecrets secrets, List<HeaderAction> actions)
    {
        _match = match;
        var tests = match.Headers.Select(header => (Match: header, Test: new HeaderTest(header, secrets))).ToArray();
        _isNever = tests.Any(header => header.Test.IsNever);
        _demands = [.. tests.Where(header => header.Match.OnMismatch is null).Select(header => header.Test)];
        _wishes = [.. tests.Where(header => header.Match.OnMismatch is not null).Select(header => AddWish(header.Match, header.Test, actions))];
    }

    public RuleReference Reference => _match.Reference;

    public bool LooksAtHeaders => _match.Headers.Count > 0;

    /// <summary>A target that two servers may read as two paths satisfies no rule about paths.</summary>
    public bool Matches(in RequestFacts request, bool isTargetClear) => FindMiss(request, isTargetClear) is null;

    /// <summary>The first field that does not match; null when the rule does.</summary>
    public RuleField? FindMiss(in RequestFacts request) =>
        FindMiss(request, request.HasSettledTarget || RequestTarget.IsClear(request.Target));

    private RuleField? FindMiss(in RequestFacts request, bool isTargetClear)
    {
        if (_match.Method is { } method && !method.Matches(request.Method))
            return RuleField.Method;

        if (_match.Path is { } path && !(isTargetClear && path.Matches(Judged(request.Target))))
            return RuleField.Path;

        if (_match.Host is { } host && !host.Matches(request.Host))
            return RuleField.Host;

        return !_isNever && MeetsDemands(request.Headers) ? null : RuleField.Header;
    }

    /// <summary>Adds what is to be done about the headers of a request that this rule matches.</summary>
    public HeaderActions AddActions(in RequestFacts request, HeaderAction[] all, HeaderActions actions)
    {
        foreach (var (test, missing, rejected) in _wishes)
        {
            actions = test.Look(request.Headers) switch
            {
                HeaderFinding.Missing when missing >= 0 => actions.With(all, missing),
                HeaderFinding.Rejected => actions.With(all, rejected),
                _ => actions,
            };
        }

        return actions;
    }

    private ReadOnlySpan<byte> Judged(ReadOnlySpan<byte> target) =>
        _match.IgnoresQuery && target.IndexOf((byte)'?') is >= 0 and var query ? target[..query] : target;

    private bool MeetsDemands(ReadOnlySpan<byte> lines)
    {
        foreach (var demand in _demands)
        {
            if (demand.Look(lines) != HeaderFinding.Met)
                return false;
        }

        return true;
    }

    private static (HeaderTest Test, int Missing, int Rejected) AddWish(HeaderMatch match, HeaderTest test, List<HeaderAction> actions)
    {
        var kind = match.OnMismatch!.Value;
        actions.Add(test.ActionFor(match, kind, isMissing: false));
        if (kind == HeaderActionKind.Delete)
            return (test, -1, actions.Count - 1);

        actions.Add(test.ActionFor(match, kind, isMissing: true));
        return (test, actions.Count - 1, actions.Count - 2);
    }
}
