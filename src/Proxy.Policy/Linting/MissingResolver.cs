using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Linting;

/// <summary>Documents that let pods out to others, but to no resolver: what they may reach they cannot find by its name.</summary>
internal sealed class MissingResolver(IReadOnlyList<CompiledSection> sections, CancellationToken stop)
{
    // The second is OpenShift's.
    private static readonly ushort[] Ports = [53, 5353];

    private static readonly LabelSelector Resolvers = new(
        [new(LabelSet.KubernetesSource, WellKnownLabels.Namespace, LabelOperator.In, ["kube-system", "openshift-dns"])]);

    public IEnumerable<PolicyFinding> Find()
    {
        CompiledSection[] enforced = [.. sections.Where(section => !section.IsAudit)];
        CompiledSection[] resolving = [.. enforced.Where(section => AllowsOf(section).Any(MayResolve))];
        foreach (var section in enforced.Where(section => section.Section.Isolates(Direction.Egress)))
        {
            stop.ThrowIfCancellationRequested();
            if (AllowsOf(section).FirstOrDefault(NeedsNames) is { } rule
                && !resolving.Any(other => SubjectOverlap.MayShare(other.Section.Subject, section.Section.Subject)))
                yield return new PolicyFinding(
                    [rule.Rule.Reference],
                    "it lets its pods out to others, and no rule allows them port 53 over UDP: they cannot resolve names",
                    "allow them port 53, UDP and TCP, of the resolver: k8s-app kube-dns in kube-system");
        }
    }

    private static IEnumerable<CompiledRule> AllowsOf(CompiledSection section) =>
        section.Rules.Where(rule => rule.Rule is { IsDeny: false, Direction: Direction.Egress });

    // Pods and Services are dialled by name. Who writes addresses, or names a node, may do without.
    private static bool NeedsNames(CompiledRule rule) =>
        (rule.Rule.Ports.IsAny || rule.Rule.Ports.Entries.Any(entry => entry.Protocol == TransportProtocol.Tcp))
        && (rule.Peers.IsWide || rule.Rule.Peers.Services.Count > 0 || rule.Peers.Selectors.Any(IsOfPods));

    private static bool IsOfPods(LabelSelector selector) =>
        selector.Requirements.Any(requirement => requirement.Source != LabelSet.ReservedSource);

    // Who names the port has thought of it, whomever he takes for the resolver.
    private static bool MayResolve(CompiledRule rule) =>
        rule.Rule.Ports.Entries.Any(NamesPort)
        || ((rule.Rule.Ports.IsAny || rule.Rule.Ports.Entries.Any(IsEveryPort)) && MayBeResolver(rule));

    private static bool NamesPort(PortEntry entry) =>
        entry.Protocol == TransportProtocol.Udp && !entry.IsWhole && (entry.Name is not null || Ports.Any(port => port >= entry.First && port <= entry.Last));

    private static bool IsEveryPort(PortEntry entry) => entry.Protocol == TransportProtocol.Udp && entry.IsWhole;

    private static bool MayBeResolver(CompiledRule rule) =>
        rule.Peers.IsWide || !rule.Peers.Addresses.IsEmpty || rule.Rule.Peers.Services.Count > 0
        || rule.Peers.Selectors.Any(selector => SubjectOverlap.MayShare(selector, Resolvers));
}
