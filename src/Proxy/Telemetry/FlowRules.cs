using Google.Protobuf.Collections;
using PolicyMessage = Proxy.Telemetry.Protos.Policy;
using Proxy.Policy;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>Fills which documents and rules decided. Unlike Cilium, also for default denies, drops and requests.</summary>
internal static class FlowRules
{
    public static void Fill(Flow flow, in FlowRecord record)
    {
        if (record.Rules is not { } rules)
            return;
        var target = Target(flow, record.Direction, record.Verdict is FlowVerdict.Dropped or FlowVerdict.Audit);
        foreach (var rule in rules)
            target.Add(Map(rule));
    }

    private static RepeatedField<PolicyMessage> Target(Flow flow, Direction direction, bool denied) =>
        (direction, denied) switch
        {
            (Direction.Ingress, false) => flow.IngressAllowedBy,
            (Direction.Ingress, true) => flow.IngressDeniedBy,
            (_, false) => flow.EgressAllowedBy,
            (_, true) => flow.EgressDeniedBy,
        };

    private static PolicyMessage Map(RuleReference rule)
    {
        var policy = new PolicyMessage { Name = rule.Name, Namespace = rule.Namespace, Kind = rule.Kind };
        policy.Labels.Add($"k8s:io.cilium.k8s.policy.derived-from={rule.Kind}");
        policy.Labels.Add($"k8s:io.cilium.k8s.policy.name={rule.Name}");
        policy.Labels.Add($"k8s:io.cilium.k8s.policy.namespace={rule.Namespace}");
        if (rule.RulePath.Length > 0)
            policy.Labels.Add($"node-proxy:rule={rule.RulePath}");
        return policy;
    }
}
