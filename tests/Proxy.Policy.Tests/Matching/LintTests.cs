using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Policy.Linting;
using Proxy.Policy.Matching;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

public sealed class LintTests
{
    private static readonly Identity Shuttle = Pod("default", "tiefighter", ("org", "empire"), ("class", "shuttle"));

    private static readonly LintScope Scope = new()
    {
        Identities = [DeathStar, TieFighter, XWing, Shuttle, Elsewhere],
        IdOf = identity => identity.Labels.TryGet("k8s", "io.kubernetes.pod.namespace", out var space)
            && identity.Labels.TryGet("k8s", "io.cilium.k8s.policy.serviceaccount", out var account) ? $"spiffe://cluster.local/ns/{space}/sa/{account}" : null,
        PodCidrs = [Draft.CidrOf("10.244.0.0/16")],
    };

    [Theory]
    [InlineData("required and disabled for one selector and port", "tie 80 required|tie 80 disabled", "p0 p1")]
    [InlineData("required and always failing", "tie 80 required|tie 80 fail", "p0 p1")]
    [InlineData("whatever else the rules name", "tie,alliance 80 required|alliance 80,81 disabled", "p0 p1")]
    [InlineData("one is silent", "tie 80 required|tie 80", "")]
    [InlineData("the same mode", "tie 80 required|tie 80 required", "")]
    [InlineData("another selector", "tie 80 required|empire 80 disabled", "")]
    [InlineData("another port", "tie 80 required|tie 81 disabled", "")]
    [InlineData("another subject", "tie 80 required|on:alliance tie 80 disabled", "p0 p1")]
    [InlineData("a subject that is never the same", "on:tie empire 80 required|empire 80 disabled", "")]
    [InlineData("a demand that Cilium loses", "any 80 required|tie 80 http:POST", "p0 p1")]
    [InlineData("and does not", "any 80 required http:POST|tie 80", "")]
    [InlineData("a demand that Cilium lifts", "tie * required|any 80 disabled", "p0 p1")]
    public void Demands_that_Cilium_refuses_or_reads_otherwise_are_conflicts(string row, string policies, string expected)
    {
        var conflicts = Draft.Snapshot(policies.Split('|')).Conflicts;

        Assert.True(expected == string.Join(' ', conflicts.SelectMany(conflict => conflict.Rules).Select(rule => rule.Name)), row);
    }

    [Theory]
    [InlineData("nothing else", "tie 80 http:POST", "")]
    [InlineData("same selector, no rules", "tie 80 http:POST|tie 80", "p0 p1")]
    [InlineData("another selector that covers some", "tie 80 http:POST|empire 80", "p0 p1")]
    [InlineData("without ports", "tie 80 http:POST|tie *", "p0 p1")]
    [InlineData("any peer", "tie 80 http:POST|any 80", "p0 p1")]
    [InlineData("port 0", "tie 80 http:POST|any 0", "p0 p1")]
    [InlineData("other peers", "tie 80 http:POST|alliance 80", "")]
    [InlineData("also HTTP", "tie 80 http:POST|any 80 http:GET", "")]
    [InlineData("a range", "tie 80 http:POST|tie 80-90", "p0 p1")]
    [InlineData("another port", "tie 80 http:POST|tie 81-90", "")]
    [InlineData("another subject", "tie 80 http:POST|on:tie empire 80", "")]
    [InlineData("another direction", "tie 80 http:POST|egress tie 80", "")]
    [InlineData("addresses", "cidr:10.0.0.0/8 80 http:POST|cidr:10.1.0.0/16 80", "p0 p1")]
    [InlineData("the world", "cidr:192.0.2.0/24 80 http:POST|world 80", "p0 p1")]
    [InlineData("visibility is not restricted", "open tie 80 http:POST|tie 80", "")]
    [InlineData("not enforced", "tie 80 http:POST|audit tie 80", "")]
    public void An_HTTP_rule_that_another_allow_makes_moot_is_told_with_both_names(string row, string policies, string expected)
    {
        var findings = Find(policies).Where(finding => finding.Reason.Contains("no effect", StringComparison.Ordinal));

        Assert.True(expected == string.Join(' ', findings.SelectMany(finding => finding.Rules).Select(rule => rule.Name)), row);
    }

    [Fact]
    public void The_peers_for_whom_it_is_moot_are_named()
    {
        var finding = Assert.Single(Find("empire 80 http:POST|tie 80"));

        Assert.Contains("default (class=tiefighter,org=empire) on 80/TCP", finding.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("shuttle", finding.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tie 80 required", true)]
    [InlineData("empire 80 required", false)]
    [InlineData("alliance 80 required", false)]
    [InlineData("tie 80", false)]
    [InlineData("tie 80 disabled", false)]
    public void A_demand_whose_proof_excluded_pods_can_give_is_told(string policy, bool isTold)
    {
        var findings = Find(policy).Where(finding => finding.Reason.Contains("SPIFFE ID", StringComparison.Ordinal)).ToArray();

        Assert.Equal(isTold, findings.Length == 1);
        if (isTold)
            Assert.Contains("sa/tiefighter with pods that it excludes: default (class=shuttle,org=empire)", findings[0].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cidr:10.244.3.0/24 80", true)]
    [InlineData("cidr:0.0.0.0/0 80", true)]
    [InlineData("cidr:10.0.0.0/8-10.244.0.0/16 80", false)]
    [InlineData("deny cidr:10.244.0.0/16 80", true)]
    [InlineData("cidr6:::/0 80", false)]
    public void A_range_that_covers_pods_is_told(string policy, bool isTold) =>
        Assert.Equal(isTold, Find(policy).Any(finding => finding.Reason.Contains("never choose pods", StringComparison.Ordinal)));

    [Theory]
    [InlineData("group:partners 80", "")]
    [InlineData("group:nowhere 80", "CiliumCIDRGroup nowhere does not exist, so that nothing is allowed through it")]
    [InlineData("deny group:nowhere 80", "CiliumCIDRGroup nowhere does not exist, so that every address outside the cluster is denied")]
    [InlineData("egress service:fighters 80", "")]
    [InlineData("egress service:nowhere 80", "Service default/nowhere does not exist, so that nothing is allowed through it")]
    [InlineData("egress deny service:nowhere 80", "Service default/nowhere does not exist, so that nothing is denied through it")]
    public void References_to_what_does_not_exist_are_told_with_what_that_means(string policy, string expected)
    {
        var findings = Find(policy).Where(finding => finding.Reason.Contains("does not exist", StringComparison.Ordinal));

        Assert.Equal(expected, string.Join(' ', findings.Select(finding => finding.Reason)));
    }

    [Theory]
    [InlineData("a denial alone", "deny tie 80", "p0")]
    [InlineData("beside an allow", "deny tie 80|empire *", "")]
    [InlineData("beside an allow for others", "deny tie 80|on:tie empire *", "p0")]
    [InlineData("beside an allow under audit", "deny tie 80|audit empire *", "p0")]
    [InlineData("beside an allow in the other direction", "deny tie 80|egress empire *", "p0")]
    [InlineData("of a rule that isolates nobody", "open deny tie 80", "")]
    [InlineData("of everything", "deny any *", "")]
    public void A_denial_whose_pods_are_allowed_nothing_is_told(string row, string policies, string expected)
    {
        var findings = Find(policies).Where(finding => finding.Reason.Contains("all is refused", StringComparison.Ordinal));

        Assert.True(expected == string.Join(' ', findings.Select(finding => finding.Rules[0].Name)), row);
    }

    [Theory]
    [InlineData("to pods by their ports", "egress empire 80", "p0")]
    [InlineData("to pods on every port", "egress empire *", "p0")]
    [InlineData("to everybody on a port", "egress any 443", "p0")]
    [InlineData("to a Service", "egress service:fighters 80", "p0")]
    [InlineData("to the resolver as well", "egress empire 80;any udp53", "")]
    [InlineData("to a range of ports that holds it", "egress empire 80;pods udp1-1024", "")]
    [InlineData("to a name of a port", "egress empire 80;any udpdns", "")]
    [InlineData("to OpenShift's resolver", "egress empire 80;any udp5353", "")]
    [InlineData("over TCP alone", "egress empire 80;any 53", "p0")]
    [InlineData("to everybody", "egress any *", "")]
    [InlineData("to everybody over UDP", "egress empire 80;any udp0", "")]
    [InlineData("to pods of its own namespace over UDP", "egress empire 80;pods udp0", "p0")]
    [InlineData("to addresses, which need no names", "egress cidr:192.0.2.0/24 443", "")]
    [InlineData("to nodes", "egress remote-node *", "")]
    [InlineData("to nobody", "egress", "")]
    [InlineData("of datagrams alone", "egress empire udp514", "")]
    [InlineData("another document allows it", "egress empire 80|egress any udp53", "")]
    [InlineData("another document allows it to others", "egress empire 80|on:tie egress any udp53", "p0")]
    [InlineData("another document would allow it", "egress empire 80|audit egress any udp53", "p0")]
    [InlineData("only denied", "egress empire 80;deny any udp53", "p0")]
    [InlineData("isolates nobody", "open egress empire 80", "")]
    [InlineData("not enforced", "audit egress empire 80", "")]
    [InlineData("of the other direction", "empire 80", "")]
    public void Pods_that_cannot_resolve_names_are_told(string row, string policies, string expected)
    {
        var findings = Find(policies).Where(finding => finding.Reason.Contains("cannot resolve names", StringComparison.Ordinal));

        Assert.True(expected == string.Join(' ', findings.Select(finding => finding.Rules[0].Name)), row);
    }

    [Theory]
    [InlineData("egress service:first 80", "so that nothing is allowed through it")]
    [InlineData("egress deny service:first 80", "so that nothing is denied through it")]
    [InlineData("egress service:fighters 80", null)]
    public void A_service_for_one_pod_is_told(string policy, string? effect)
    {
        var finding = Find(policy).SingleOrDefault(finding => finding.Reason.Contains("part of no identity", StringComparison.Ordinal));

        Assert.Equal(effect is null ? null : $"Service default/first chooses its pods by statefulset.kubernetes.io/pod-name, which is part of no identity, {effect}", finding?.Reason);
    }

    [Fact]
    public void A_secret_that_does_not_exist_is_told()
    {
        var reference = new RuleReference("CiliumNetworkPolicy", "default", "p", "spec");
        var match = new HttpMatch(null, null, reference) { Headers = [new HeaderMatch("token", null, new SecretName("default", "nowhere"))] };
        var rule = new PolicyRule(Direction.Ingress, PeerMatch.Any, PortMatch.OneOf([new PortEntry(TransportProtocol.Tcp, 80)]), reference) { Http = [match] };
        var section = new PolicySection(Draft.SelectorOf("ds", true), reference, [rule]) { GovernsIngress = true };
        var finding = Assert.Single(PolicyLint.Find([new PolicyDocument("CiliumNetworkPolicy", "default", "p", [section], [])], PolicyContext.Empty, Scope, TestContext.Current.CancellationToken));

        Assert.Contains("Secret default/nowhere", finding.Reason, StringComparison.Ordinal);
    }

    private static IReadOnlyList<PolicyFinding> Find(string policies) => PolicyLint.Find(
        Draft.Documents(policies.Split('|')),
        new PolicyContext
        {
            CidrGroups = [new CidrGroup("partners", LabelSet.Empty, [Draft.CidrOf("203.0.113.0/24")], [])],
            Services =
            [
                new PolicyService("default", "fighters", LabelSet.Empty, new Dictionary<string, string> { ["class"] = "tiefighter" }, []),
                new PolicyService("default", "first", LabelSet.Empty, new Dictionary<string, string> { ["statefulset.kubernetes.io/pod-name"] = "tie-0" }, []),
            ],
        },
        Scope);
}
