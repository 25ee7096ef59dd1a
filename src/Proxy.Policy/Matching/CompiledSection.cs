using Proxy.Policy.Documents;

namespace Proxy.Policy.Matching;

/// <summary>
/// One section with its references resolved. The object is the identity of one version: later snapshots hold the same
/// one for as long as neither the document nor what it refers to changed.
/// </summary>
internal sealed class CompiledSection
{
    private CompiledSection(PolicySection section, bool isAudit, ContextLookup lookup)
    {
        Section = section;
        IsAudit = isAudit;
        Secrets = section.Rules.Any(UsesSecrets) ? lookup.Secrets : null;
        Rules = [.. section.Rules.Select(rule => new CompiledRule(rule, this, lookup.Resolve(rule.Peers, rule.IsDeny)))];
    }

    public PolicySection Section { get; }

    /// <summary>By its own annotation or its namespace's.</summary>
    public bool IsAudit { get; }

    /// <summary>Null when no rule needs them; otherwise of one snapshot the same for all sections.</summary>
    public PolicySecrets? Secrets { get; }

    public IReadOnlyList<CompiledRule> Rules { get; }

    public static CompiledSection Of(PolicyDocument document, PolicySection section, ContextLookup lookup)
    {
        var isAudit = section.IsAudit || (document.Namespace.Length > 0 && lookup.Context.AuditNamespaces.Contains(document.Namespace));
        return new CompiledSection(section, isAudit, lookup);
    }

    /// <summary>Whether both would give the same answers.</summary>
    public bool IsSameAs(CompiledSection other) =>
        ReferenceEquals(Section, other.Section)
        && IsAudit == other.IsAudit
        && ReferenceEquals(Secrets, other.Secrets)
        && Rules.Zip(other.Rules).All(pair => pair.First.Peers.IsSameAs(pair.Second.Peers));

    private static bool UsesSecrets(PolicyRule rule) =>
        rule.Http is not null && rule.Http.Any(match => match.Headers.Any(header => header.Secret is not null));
}

/// <summary>One rule with its references resolved.</summary>
internal sealed class CompiledRule
{
    public CompiledRule(PolicyRule rule, CompiledSection section, ResolvedPeers peers)
    {
        Rule = rule;
        Section = section;
        Peers = peers;
        Http = HttpOf(rule, section.Section);
    }

    public PolicyRule Rule { get; }

    public CompiledSection Section { get; }

    public ResolvedPeers Peers { get; }

    /// <summary>Null: requests are not looked at.</summary>
    public IReadOnlyList<HttpMatch>? Http { get; }

    public PolicyMatch Match(in ConnectionFacts facts) => Rule.Match(facts.Protocol, facts.Port, facts.ServerPorts);

    /// <summary>The first field that does not fit the connection; null when it is covered.</summary>
    public RuleField? FindMiss(in ConnectionFacts facts) =>
        Peers.Covers(facts.Peer, facts.PeerAddress) ? FindPortMiss(facts) : RuleField.Peer;

    public RuleField? FindPortMiss(in ConnectionFacts facts)
    {
        if (Match(facts) != PolicyMatch.None)
            return null;

        var protocol = facts.Protocol;
        return Rule.Ports.Entries.Any(entry => entry.Protocol == protocol) ? RuleField.Port : RuleField.Protocol;
    }

    // Who is not isolated by the section is never refused by its HTTP rules: they only make requests visible.
    private static IReadOnlyList<HttpMatch>? HttpOf(PolicyRule rule, PolicySection section) =>
        rule.Http is null || section.Isolates(rule.Direction)
            ? rule.Http
            : [.. rule.Http, new HttpMatch(null, null, rule.Reference)];
}
