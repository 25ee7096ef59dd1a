namespace Proxy.Policy.Tests.Reference;

/// <summary>Evaluators with one mistake each, which the drawn questions must find.</summary>
internal static class WrongEvaluators
{
    public static IReadOnlyList<string> Names { get; } =
    [
        nameof(DenyIgnored), nameof(AllowBeatsDeny), nameof(RangeMatchesPods), nameof(PeersOfEveryNamespace), nameof(RangeEndExclusive), nameof(ProtocolIgnored),
        nameof(DemandNotInherited), nameof(DisabledAlwaysLifts), nameof(DisabledNeverLifts), nameof(RequestsJudgedDespitePlainAllow), nameof(FirstRuleOnly),
        nameof(EveryRuleIsolates), nameof(AuditEnforced),
    ];

    public static ReferenceEvaluator Named(string mistake) => mistake switch
    {
        nameof(DenyIgnored) => new DenyIgnored(),
        nameof(AllowBeatsDeny) => new AllowBeatsDeny(),
        nameof(RangeMatchesPods) => new RangeMatchesPods(),
        nameof(PeersOfEveryNamespace) => new PeersOfEveryNamespace(),
        nameof(RangeEndExclusive) => new RangeEndExclusive(),
        nameof(ProtocolIgnored) => new ProtocolIgnored(),
        nameof(DemandNotInherited) => new DemandNotInherited(),
        nameof(DisabledAlwaysLifts) => new DisabledAlwaysLifts(),
        nameof(DisabledNeverLifts) => new DisabledNeverLifts(),
        nameof(RequestsJudgedDespitePlainAllow) => new RequestsJudgedDespitePlainAllow(),
        nameof(FirstRuleOnly) => new FirstRuleOnly(),
        nameof(EveryRuleIsolates) => new EveryRuleIsolates(),
        nameof(AuditEnforced) => new AuditEnforced(),
        _ => throw new ArgumentOutOfRangeException(nameof(mistake)),
    };

    private sealed class DenyIgnored : ReferenceEvaluator
    {
        protected override bool IsDenied(IReadOnlyList<Statement> covering) => false;
    }

    private sealed class AllowBeatsDeny : ReferenceEvaluator
    {
        protected override bool IsDenied(IReadOnlyList<Statement> covering) => covering.Count > 0 && covering.All(statement => statement.IsDeny);
    }

    private sealed class RangeMatchesPods : ReferenceEvaluator
    {
        protected override Choice ChoiceOf(ClusterModel cluster) => new WrongChoice(cluster);

        private sealed class WrongChoice(ClusterModel cluster) : Choice(cluster)
        {
            protected override bool HasRangedAddress(Workload workload) => true;
        }
    }

    private sealed class PeersOfEveryNamespace : ReferenceEvaluator
    {
        protected override Choice ChoiceOf(ClusterModel cluster) => new WrongChoice(cluster);

        private sealed class WrongChoice(ClusterModel cluster) : Choice(cluster)
        {
            protected override bool IsInScope(Document document, Workload workload) => workload.Kind == PeerKind.Pod;
        }
    }

    private sealed class RangeEndExclusive : ReferenceEvaluator
    {
        protected override bool CoversPort(PortSet ports, Question question) =>
            base.CoversPort(ports, question) && (ports.First == ports.Last || question.Port != ports.Last);
    }

    private sealed class ProtocolIgnored : ReferenceEvaluator
    {
        protected override bool CoversPort(PortSet ports, Question question) =>
            base.CoversPort(ports with { Protocol = question.Protocol }, question);
    }

    private sealed class DemandNotInherited : ReferenceEvaluator
    {
        protected override Demand DemandOf(IReadOnlyList<Statement> allows) =>
            base.DemandOf([.. allows.Where(allow => !allows.Any(other => IsNarrower(other, allow)))]);
    }

    private sealed class DisabledAlwaysLifts : ReferenceEvaluator
    {
        protected override Demand DemandOf(IReadOnlyList<Statement> allows) =>
            allows.Any(allow => allow.Mode == "disabled") ? Demand.None : base.DemandOf(allows);
    }

    private sealed class DisabledNeverLifts : ReferenceEvaluator
    {
        protected override Demand DemandOf(IReadOnlyList<Statement> allows) => allows.Max(allow => ToDemand(allow.Mode));
    }

    private sealed class RequestsJudgedDespitePlainAllow : ReferenceEvaluator
    {
        protected override IReadOnlyList<RequestRule>? HttpOf(IReadOnlyList<Statement> allows) =>
            allows.All(allow => allow.Http is null) ? null : [.. allows.SelectMany(allow => allow.Http ?? [])];
    }

    private sealed class FirstRuleOnly : ReferenceEvaluator
    {
        protected override IReadOnlyList<RequestRule>? HttpOf(IReadOnlyList<Statement> allows) => base.HttpOf([allows[0]]);
    }

    private sealed class EveryRuleIsolates : ReferenceEvaluator
    {
        protected override bool IsIsolated(IReadOnlyList<Section> sections) => true;
    }

    private sealed class AuditEnforced : ReferenceEvaluator
    {
        protected override bool IsAudit(Scenario scenario, Document document) => false;
    }
}
