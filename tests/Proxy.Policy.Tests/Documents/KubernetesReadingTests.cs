using static Proxy.Policy.Tests.Documents.Rendering;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Documents;

/// <summary>What a NetworkPolicy becomes, what its defaults are, and what of it is refused.</summary>
public sealed class KubernetesReadingTests
{
    private const string Kind = "NetworkPolicy";
    private const string Own = "k8s:io.kubernetes.pod.namespace in (default)";
    private const string Any = "k8s:io.kubernetes.pod.namespace";
    private const string Team = "k8s:io.cilium.k8s.namespace.labels.team";

    [Theory]
    [InlineData("{podSelector: {}}", "in", "")]
    [InlineData("{}", "in", "")]
    [InlineData("{podSelector: {}, ingress: []}", "in", "")]
    [InlineData("{podSelector: {}, ingress: null}", "in", "")]
    [InlineData("{podSelector: {}, ingress: [{}]}", "in", "allow in any on all")]
    [InlineData("{podSelector: {}, ingress: [{from: []}]}", "in", "allow in any on all")]
    [InlineData("{podSelector: {}, ingress: [{from: [], ports: []}]}", "in", "allow in any on all")]
    [InlineData("{podSelector: {}, ingress: [{from: null, ports: null}]}", "in", "allow in any on all")]
    [InlineData("{podSelector: {}, egress: [{}]}", "in out", "allow out any on all")]
    [InlineData("{podSelector: {}, egress: []}", "in", "")]
    [InlineData("{podSelector: {}, policyTypes: [Egress]}", "out", "")]
    [InlineData("{podSelector: {}, policyTypes: [Egress], egress: []}", "out", "")]
    [InlineData("{podSelector: {}, policyTypes: [], egress: [{}]}", "in out", "allow out any on all")]
    [InlineData("{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}]}", "in out", "allow in any on all")]
    [InlineData("{podSelector: {}, policyTypes: [Ingress], egress: [{}]}", "in", "allow out any on all")]
    public void Directions_and_their_defaults(string spec, string isolation, string rules)
    {
        var document = Good(spec, Kind);

        Assert.Equal((isolation, rules), (Assert.Single(document.Sections).Isolation(), document.Rules()));
    }

    [Theory]
    [InlineData("{podSelector: {}}", Own)]
    [InlineData("{podSelector: {matchLabels: {a: b}}}", $"k8s:a in (b),{Own}")]
    [InlineData("{podSelector: {matchLabels: null}}", Own)]
    [InlineData("{namespaceSelector: {}}", Any)]
    [InlineData("{namespaceSelector: {matchLabels: {team: x}}}", $"{Team} in (x),{Any}")]
    [InlineData("{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [x]}]}}", $"{Team} not in (x),{Any}")]
    [InlineData("{namespaceSelector: {matchLabels: {team: x}}, podSelector: {matchLabels: {a: b}}}", $"k8s:a in (b),{Team} in (x),{Any}")]
    [InlineData("{namespaceSelector: {matchLabels: {team: x}}}, {podSelector: {matchLabels: {a: b}}}", $"{Team} in (x),{Any} | k8s:a in (b),{Own}")]
    [InlineData("{podSelector: {matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: Exists}]}}", $"k8s:io.cilium.k8s.policy.cluster,{Own}")]
    [InlineData("{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}, {ipBlock: {cidr: 'fd00::/8'}}", "0.0.0.0/0 but 10.0.0.0/8 | fd00::/8")]
    public void Peers(string peers, string expected) =>
        Assert.Equal($"allow in {expected} on all", Good($"{{podSelector: {{}}, ingress: [{{from: [{peers}]}}]}}", Kind).Rules());

    [Fact]
    public void Pods_and_ranges_of_one_item_are_rules_of_their_own_with_one_place()
    {
        var document = Good("{podSelector: {}, egress: [{}, {to: [{ipBlock: {cidr: 10.0.0.0/8}}, {podSelector: {}}], ports: [{port: 80}]}]}", Kind);

        Assert.Equal($"allow out any on all\nallow out {Own} on tcp/80\nallow out 10.0.0.0/8 on tcp/80", document.Rules());
        Assert.Equal(["spec.egress[0]", "spec.egress[1]", "spec.egress[1]"], document.Sections[0].Rules.Select(rule => rule.Reference.RulePath));
    }

    [Theory]
    [InlineData("{port: 80}", "tcp/80")]
    [InlineData("{port: 80, protocol: SCTP}", "sctp/80")]
    [InlineData("{protocol: UDP}", "udp/0")]
    [InlineData("{}", "tcp/0")]
    [InlineData("{port: web}", "tcp/web")]
    [InlineData("{port: '8a'}", "tcp/8a")]
    [InlineData("{port: 1, endPort: 65535}", "tcp/1-65535")]
    [InlineData("{port: 80, endPort: 80}", "tcp/80")]
    public void Ports(string port, string expected) =>
        Assert.Equal($"allow in any on {expected}", Good($"{{podSelector: {{}}, ingress: [{{ports: [{port}]}}]}}", Kind).Rules());

    [Theory]
    [InlineData("{ingress: [{from: [{}]}]}", "spec.ingress[0].from[0]", "a peer needs")]
    [InlineData("{ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}", "spec.ingress[0].from[0].ipBlock", "beside a selector")]
    [InlineData("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}", "spec.ingress[0].from[0].ipBlock.cidr", "not a range")]
    [InlineData("{ingress: [{from: [{ipBlock: {cidr: 010.0.0.0/8}}]}]}", "spec.ingress[0].from[0].ipBlock.cidr", "not a range")]
    [InlineData("{ingress: [{from: [{ipBlock: {except: []}}]}]}", "spec.ingress[0].from[0].ipBlock", "cidr is missing")]
    [InlineData("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]}", "spec.ingress[0].from[0].ipBlock.except[0]", "not inside")]
    [InlineData("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]}", "spec.ingress[0].from[0].ipBlock.except[0]", "not inside")]
    [InlineData("{ingress: [{ports: [{port: 0}]}]}", "spec.ingress[0].ports[0].port", "from 1 to 65535")]
    [InlineData("{ingress: [{ports: [{port: 65536}]}]}", "spec.ingress[0].ports[0].port", "from 1 to 65535")]
    [InlineData("{ingress: [{ports: [{port: '80'}]}]}", "spec.ingress[0].ports[0].port", "not the name of a port")]
    [InlineData("{ingress: [{ports: [{port: HTTP}]}]}", "spec.ingress[0].ports[0].port", "not the name of a port")]
    [InlineData("{ingress: [{ports: [{port: a--b}]}]}", "spec.ingress[0].ports[0].port", "not the name of a port")]
    [InlineData("{ingress: [{ports: [{port: 1234567890abcdef}]}]}", "spec.ingress[0].ports[0].port", "not the name of a port")]
    [InlineData("{ingress: [{ports: [{endPort: 90}]}]}", "spec.ingress[0].ports[0].endPort", "needs a port beside")]
    [InlineData("{ingress: [{ports: [{port: web, endPort: 90}]}]}", "spec.ingress[0].ports[0].endPort", "needs a port number")]
    [InlineData("{ingress: [{ports: [{port: 80, endPort: 79}]}]}", "spec.ingress[0].ports[0].endPort", "from the port to 65535")]
    [InlineData("{ingress: [{ports: [{port: 80, endPort: 65536}]}]}", "spec.ingress[0].ports[0].endPort", "from the port to 65535")]
    [InlineData("{ingress: [{ports: [{port: 80, endPort: '90'}]}]}", "spec.ingress[0].ports[0].endPort", "whole number")]
    [InlineData("{ingress: [{ports: [{port: 80, protocol: ICMP}]}]}", "spec.ingress[0].ports[0].protocol", "unknown value 'ICMP'")]
    [InlineData("{ingress: [{ports: [{port: 80, protocol: tcp}]}]}", "spec.ingress[0].ports[0].protocol", "unknown value 'tcp'")]
    [InlineData("{ingress: [{ports: [80]}]}", "spec.ingress[0].ports[0]", "expected a mapping")]
    [InlineData("{policyTypes: [ingress]}", "spec.policyTypes[0]", "unknown value 'ingress'")]
    [InlineData("{policyTypes: [Ingress, Egress, Ingress]}", "spec.policyTypes", "more than 2")]
    [InlineData("{policyTypes: Ingress}", "spec.policyTypes", "expected a list")]
    [InlineData("{podSelector: {matchExpressions: [{key: a, operator: exists}]}}", "spec.podSelector.matchExpressions[0].operator", "unknown value 'exists'")]
    [InlineData("{podSelector: {matchExpressions: [{key: a, operator: In}]}}", "spec.podSelector.matchExpressions[0]", "needs values")]
    [InlineData("{podSelector: {matchLabels: {'k8s:a': b}}}", "spec.podSelector.matchLabels['k8s:a']", "not a label key")]
    [InlineData("{podSelector: {matchLabels: {a: 1}}}", "spec.podSelector.matchLabels.a", "expected a string")]
    [InlineData("{podSelector: {app: web}}", "spec.podSelector.app", "unknown key 'app'")]
    [InlineData("{ingress: {from: []}}", "spec.ingress", "expected a list")]
    [InlineData("{ingress: [{to: []}]}", "spec.ingress[0].to", "unknown key 'to'")]
    [InlineData("{ingress: [{from: {podSelector: {}}}]}", "spec.ingress[0].from", "expected a list")]
    [InlineData("{ingressDeny: []}", "spec.ingressDeny", "unknown key 'ingressDeny'")]
    [InlineData("{endpointSelector: {}}", "spec.endpointSelector", "unknown key 'endpointSelector'")]
    [InlineData("null", "", "spec is missing")]
    [InlineData("[]", "spec", "expected a mapping")]
    public void Refusals(string spec, string path, string reason)
    {
        var document = Bad(spec, Kind);

        Assert.Contains(document.Faults, fault => fault.Path == path && fault.Reason.Contains(reason, StringComparison.Ordinal));
        Assert.NotEmpty(document.Sections);
        Assert.All(document.Sections, section => Assert.True(section.IsClosed));
    }

    [Theory]
    [InlineData("extensions/v1beta1")]
    [InlineData("networking.k8s.io/v1beta1")]
    public void Other_versions_are_refused(string version)
    {
        var document = Assert.Single(Parse($"apiVersion: {version}\nkind: NetworkPolicy\nmetadata: {{name: p}}\nspec: {{podSelector: {{}}}}"));

        Assert.Equal(("apiVersion", "did you mean 'networking.k8s.io/v1'?"), (document.Faults[0].Path, document.Faults[0].Hint));
    }
}
