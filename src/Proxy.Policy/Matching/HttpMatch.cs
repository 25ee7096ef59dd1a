namespace Proxy.Policy.Matching;

/// <summary>One HTTP rule; a pattern that is null matches anything.</summary>
internal sealed record HttpMatch(HttpPattern? Method, HttpPattern? Path, RuleReference Reference)
{
    /// <summary>A target that two servers may read as two paths satisfies no rule about paths.</summary>
    public bool Matches(in RequestFacts request, bool isTargetClear)
    {
        if (Method is not null && !Method.Matches(request.Method))
            return false;

        return Path is null || (isTargetClear && Path.Matches(request.Target));
    }
}
