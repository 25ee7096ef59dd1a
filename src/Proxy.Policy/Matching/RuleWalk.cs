namespace Proxy.Policy.Matching;

/// <summary>Looks at every rule as a verdict does, and writes down what it sees.</summary>
internal sealed class RuleWalk(CompiledSection[] sections)
{
    private readonly List<ExplainedRule> _seen = [];

    public PolicyExplanation Explain(Verdict verdict, in ConnectionFacts facts)
    {
        foreach (var section in sections)
            See(section, verdict, facts, default, false);
        return new PolicyExplanation(verdict, RuleWords.OfVerdict(verdict, facts), _seen);
    }

    public PolicyExplanation Explain(Verdict verdict, in ConnectionFacts facts, in RequestFacts request)
    {
        foreach (var section in sections)
            See(section, verdict, facts, request, true);
        RequestVerdict? answer = verdict.Http is { } rules ? rules.Decide(request) : null;
        var summary = answer is { IsAllowed: false } ? "the connection is allowed, and no HTTP rule matches the request" : RuleWords.OfVerdict(verdict, facts);
        return new PolicyExplanation(verdict, summary, _seen) { Request = answer };
    }

    private void See(CompiledSection section, Verdict verdict, in ConnectionFacts facts, in RequestFacts request, bool hasRequest)
    {
        if (!section.Section.Governs(facts.Direction))
            return;

        See(section, facts);
        if (!section.Section.Subject.Matches(facts.Subject.Labels))
            return;

        foreach (var rule in section.Rules)
        {
            if (rule.Rule.Direction != facts.Direction)
                continue;

            var missed = rule.FindMiss(facts) ?? Demand(rule, verdict);
            Add(section, rule.Rule.Reference, rule.Rule.IsDeny ? RuleEffect.Deny : RuleEffect.Allow, missed, RuleWords.Of(rule, missed, facts));
            if (hasRequest && missed is null && rule.Http is not null)
                See(rule, request);
        }
    }

    private void See(CompiledSection section, in ConnectionFacts facts)
    {
        var (isSelecting, isIsolating) = (section.Section.Subject.Matches(facts.Subject.Labels), section.Section.Isolates(facts.Direction));
        var effect = section.Section.IsClosed ? RuleEffect.Close : isIsolating ? RuleEffect.Isolate : RuleEffect.Select;
        var why = effect switch
        {
            _ when !isSelecting => RuleWords.OfSubject(section.Section.Subject, facts.Subject),
            RuleEffect.Close => "the document could not be understood: it closes what it selects",
            RuleEffect.Isolate => "it selects the workload: what no rule allows is refused",
            _ => "it selects the workload and isolates it not",
        };
        Add(section, section.Section.Reference, effect, isSelecting ? null : RuleField.Subject, why);
    }

    private void See(CompiledRule rule, in RequestFacts request)
    {
        var secrets = rule.Section.Secrets ?? PolicySecrets.None;
        foreach (var match in rule.Http!)
        {
            var missed = new RequestRule(match, secrets, []).FindMiss(request);
            Add(rule.Section, match.Reference, RuleEffect.AllowRequest, missed, RuleWords.OfRequest(missed));
        }
    }

    // Only a demand that decided is told: one that a more specific rule lifts refuses nobody.
    private static RuleField? Demand(CompiledRule rule, Verdict verdict) =>
        verdict.Reason is VerdictReason.AuthenticationRequired or VerdictReason.AlwaysFails
        && rule.Rule.Authentication == verdict.Authentication
        && verdict.Rules.Contains(rule.Rule.Reference)
            ? RuleField.Authentication
            : null;

    private void Add(CompiledSection section, RuleReference rule, RuleEffect effect, RuleField? missed, string why) =>
        _seen.Add(new ExplainedRule(rule, effect, missed, why) { IsAudit = section.IsAudit });
}
