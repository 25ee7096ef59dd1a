namespace Proxy.Policy.Tests.Reference;

/// <summary>
/// Answers questions straight from the tables, by looking at everything for every question. The methods that can be
/// replaced are there for evaluators that are wrong on purpose.
/// </summary>
internal class ReferenceEvaluator
{
    private Choice? _choice;

    public Answer Ask(Scenario scenario, Question question)
    {
        var enforced = Judge(scenario, scenario.Documents.Where(document => !IsAudit(scenario, document)), question);
        // Contract: what is under audit is judged and reported, not enforced.
        if (!scenario.Documents.Any(document => IsAudit(scenario, document)))
            return enforced;

        var whole = Judge(scenario, scenario.Documents, question);
        return enforced with
        {
            // Requests are looked at also for the sake of what is only reported.
            IsGated = enforced.IsGated || (enforced.Passes && whole.IsGated),
            IsConnectionAudited = enforced.Passes && !whole.Passes,
            IsRequestAudited = enforced.Request == Passage.Pass && whole.Request == Passage.Refused,
        };
    }

    // Design §1, fail closed: what cannot be read is not known to ask for audit.
    protected virtual bool IsAudit(Scenario scenario, Document document) =>
        (document.IsAudit && !document.IsBroken)
        || (document.Kind != DocumentKind.Clusterwide && scenario.Cluster.AuditNamespaces.Contains(document.Namespace));

    private Answer Judge(Scenario scenario, IEnumerable<Document> documents, Question question)
    {
        var expansion = new Expansion(Choose(scenario.Cluster), question);
        // Cilium §9: the rules of all kinds of documents are one union.
        var sections = documents.SelectMany(expansion.SectionsOf).ToList();
        // Cilium §9: a pod is open until some rule selects it.
        if (sections.Count == 0)
            return Open(Outcome.NotIsolated);

        // Cilium §9: local host to pod: always allowed, HTTP rules included; §12: without authentication.
        if (question.Direction == Direction.Ingress && question.Peer.Kind == PeerKind.Host)
            return Open(Outcome.Allowed);

        if (sections.Any(section => section.IsClosed))
            return Closed(Outcome.DocumentRefused, []);

        var covering = sections.SelectMany(section => section.Statements).Where(statement => Covers(statement, question)).ToList();
        // Cilium §10: deny beats allow at any specificity.
        if (IsDenied(covering))
            return Closed(Outcome.DeniedByRule, covering.Where(statement => statement.IsDeny).Select(statement => statement.Source));

        var allows = covering.Where(statement => !statement.IsDeny).ToList();
        if (allows.Count > 0)
            return JudgeAllowed(scenario.Cluster, allows, question);

        // Cilium §9: if only non-isolating rules select a pod, what they do not deny passes.
        return IsIsolated(sections)
            ? Closed(Outcome.DefaultDeny, sections.Where(section => section.Isolates).Select(section => section.Source))
            : Open(Outcome.NotIsolated);
    }

    private Answer JudgeAllowed(ClusterModel cluster, List<Statement> allows, Question question)
    {
        var demand = DemandOf(allows);
        var outcome = OutcomeOf(demand, question);
        if (outcome != Outcome.Allowed)
            return Closed(outcome, DemandsIn(allows).Where(asking => ToDemand(asking.Mode) == demand).Select(asking => asking.Source)) with { Demand = demand };

        var http = HttpOf(allows);
        // Cilium §7: all rules that match run, so that every action happens.
        var matching = http?.Where(rule => RequestMatching.Matches(rule, question.Request, cluster.Secrets)).Distinct().ToList();
        return new Answer(outcome, demand, http is not null, matching is not { Count: 0 } ? Passage.Pass : Passage.Refused)
        {
            Actions = Names((matching ?? []).SelectMany(rule => RequestMatching.ActionsOf(rule, question.Request))),
            Rules = Names(allows.Select(allow => allow.Source)),
        };
    }

    private Choice Choose(ClusterModel cluster)
    {
        if (_choice is null || !ReferenceEquals(_choice.Cluster, cluster))
            _choice = ChoiceOf(cluster);
        return _choice;
    }

    protected virtual Choice ChoiceOf(ClusterModel cluster) => new(cluster);

    protected virtual bool IsDenied(IReadOnlyList<Statement> covering) => covering.Any(statement => statement.IsDeny);

    protected virtual bool IsIsolated(IReadOnlyList<Section> sections) => sections.Any(section => section.Isolates);

    private bool Covers(Statement statement, Question question) =>
        CoversPort(statement.Ports, question) && CoversPeer(statement.Peers, question.Peer);

    // Contract: a rule with peers never covers what is unknown.
    private static bool CoversPeer(PeerSet peers, Workload peer) =>
        !peers.IsNamed || (peer.Kind != PeerKind.Unknown && peers.Includes(peer));

    protected virtual bool CoversPort(PortSet ports, Question question) =>
        ports.Protocol is null
        || (ports.Protocol == question.Protocol && question.Port >= ports.First && question.Port <= ports.Last);

    // Cilium §12: test-always-fail > required > disabled.
    protected virtual Demand DemandOf(IReadOnlyList<Statement> allows) =>
        DemandsIn(allows).Select(asking => ToDemand(asking.Mode)).DefaultIfEmpty(Demand.None).Max();

    /// <summary>Cilium §12 and its P: any allow that matched may ask, unless a narrower explicit <c>disabled</c> exists.</summary>
    private static IEnumerable<Statement> DemandsIn(IReadOnlyList<Statement> allows) =>
        allows.Where(asking => !allows.Any(other => other.Mode == "disabled" && IsNarrower(other, asking)));

    protected static bool IsNarrower(Statement one, Statement other) =>
        one.Ports.IsWithin(other.Ports)
        && (!one.Peers.IsEveryone || other.Peers.IsEveryone)
        && (one.Ports != other.Ports || one.Peers.IsEveryone != other.Peers.IsEveryone);

    protected static Demand ToDemand(string? mode) => mode switch
    {
        "required" => Demand.Required,
        "test-always-fail" => Demand.AlwaysFails,
        _ => Demand.None,
    };

    private static Outcome OutcomeOf(Demand demand, Question question) => demand switch
    {
        Demand.None => Outcome.Allowed,
        Demand.AlwaysFails => Outcome.AlwaysFails,
        // Cilium §12: a reserved identity cannot authenticate: required there = deny.
        _ when question.Peer.Kind != PeerKind.Pod => Outcome.AuthenticationRequired,
        _ when question.Authentication == PeerAuthentication.Unauthenticated => Outcome.AuthenticationRequired,
        _ => Outcome.Allowed,
    };

    /// <summary>Cilium §11: a request passes when any allow that covers the peer has no HTTP rules, or one that matches.</summary>
    protected virtual IReadOnlyList<RequestRule>? HttpOf(IReadOnlyList<Statement> allows) =>
        allows.Any(allow => allow.Http is null) ? null : [.. allows.SelectMany(allow => allow.Http!)];

    private static Answer Open(Outcome outcome) => new(outcome, Demand.None, IsGated: false, Passage.Pass);

    private static Answer Closed(Outcome outcome, IEnumerable<string> rules) =>
        new(outcome, Demand.None, IsGated: false, Passage.None) { Rules = Names(rules) };

    private static string Names(IEnumerable<string> rules) => string.Join(", ", rules.Distinct().Order(StringComparer.Ordinal));
}
