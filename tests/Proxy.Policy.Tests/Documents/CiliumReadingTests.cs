using Proxy.Policy.Documents;
using static Proxy.Policy.Tests.Documents.Rendering;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Documents;

/// <summary>What the items of Cilium's documents become.</summary>
public sealed class CiliumReadingTests
{
    private const string Own = "k8s:io.kubernetes.pod.namespace in (default)";
    private const string Pods = "k8s:io.kubernetes.pod.namespace";
    private const string Cluster = "reserved:host | reserved:remote-node | reserved:init | reserved:ingress | reserved:health | reserved:unmanaged | reserved:kube-apiserver | k8s:io.kubernetes.pod.namespace";

    [Theory]
    [InlineData("ingress: [{}]", "")]
    [InlineData("ingress: [{fromEndpoints: []}]", "")]
    [InlineData("ingress: [{fromEndpoints: [{}]}]", $"allow in {Own} on all")]
    [InlineData("egress: [{toEndpoints: [{matchLabels: {a: b}}, {matchExpressions: [{key: c, operator: DoesNotExist}]}]}]", $"allow out any:a in (b),{Own} | !any:c,{Own} on all")]
    [InlineData("ingressDeny: [{fromEndpoints: [{matchLabels: {a: b}}]}]", $"deny in any:a in (b),{Own} on all")]
    [InlineData("egressDeny: [{toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]", "deny out any on tcp/80")]
    [InlineData("ingress: [{fromEntities: []}]", "")]
    [InlineData("ingress: [{fromEntities: [none]}]", "")]
    [InlineData("ingress: [{fromEntities: [all]}]", "allow in {} on all")]
    [InlineData("egress: [{toEntities: [world, host, remote-node, kube-apiserver, ingress, init, health, unmanaged]}]", "allow out reserved:world | reserved:host | reserved:remote-node | reserved:kube-apiserver | reserved:ingress | reserved:init | reserved:health | reserved:unmanaged on all")]
    [InlineData("ingress: [{fromEntities: [cluster]}]", $"allow in {Cluster} on all")]
    [InlineData("ingress: [{fromEntities: [cluster-mesh]}]", $"allow in {Cluster} on all")]
    [InlineData("ingress: [{fromCIDR: []}]", "")]
    [InlineData("ingress: [{fromCIDR: [10.0.0.0/8, 'fd00::/8']}]", "allow in 10.0.0.0/8 | fd00::/8 on all")]
    [InlineData("egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.96.0.0/12, 10.0.0.0/8]}, {cidr: 192.0.2.1/32}]}]", "allow out 10.0.0.0/8 but 10.96.0.0/12 10.0.0.0/8 | 192.0.2.1/32 on all")]
    [InlineData("egressDeny: [{toCIDRSet: [{cidrGroupRef: g, except: [192.0.2.1/32]}]}]", "deny out g but 192.0.2.1/32 on all")]
    [InlineData("ingress: [{fromCIDRSet: [{cidrGroupSelector: {matchLabels: {a: b, 'cidrgroup:c': d}}}]}]", "allow in k8s:a in (b),k8s:c in (d) on all")]
    [InlineData("ingress: [{fromCIDRSet: []}]", "")]
    [InlineData("egress: [{toServices: [{k8sService: {serviceName: web, namespace: shop}}, {k8sServiceSelector: {selector: {matchLabels: {a: b}}}}]}]", "allow out shop/web | */k8s:a in (b) on all")]
    [InlineData("egress: [{toServices: [{k8sService: {serviceName: web, namespace: shop}}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]", "allow out shop/web on tcp/80")]
    [InlineData("egress: [{toServices: []}, {toServices: [{}]}, {toServices: [{k8sService: {}}]}]", "")]
    public void Peers(string lists, string rules) => Assert.Equal(rules, Good($"{{endpointSelector: {{}}, {lists}}}").Rules());

    [Theory]
    [InlineData("[{port: '80', protocol: TCP}]", "tcp/80")]
    [InlineData("[{port: '80', protocol: tcp}]", "tcp/80")]
    [InlineData("[{port: '80'}]", "tcp/80 udp/80 sctp/80")]
    [InlineData("[{port: '80', protocol: ''}]", "tcp/80 udp/80 sctp/80")]
    [InlineData("[{port: '80', protocol: Any}]", "tcp/80 udp/80 sctp/80")]
    [InlineData("[{port: '80', protocol: TCP}, {port: '53', protocol: UDP}]", "tcp/80 udp/53")]
    [InlineData("[{port: '0', protocol: SCTP}]", "sctp/0")]
    [InlineData("[{port: '80', endPort: 90, protocol: TCP}]", "tcp/80-90")]
    [InlineData("[{port: '80', endPort: 80, protocol: TCP}]", "tcp/80")]
    [InlineData("[{port: '80', endPort: 79, protocol: TCP}]", "tcp/80")]
    [InlineData("[{port: '80', endPort: 0, protocol: TCP}]", "tcp/80")]
    [InlineData("[{port: '1', endPort: 65535, protocol: UDP}]", "udp/1-65535")]
    [InlineData("[{port: http, protocol: TCP}]", "tcp/http")]
    [InlineData("[{port: HTTP-2, protocol: TCP}]", "tcp/http-2")]
    [InlineData("[{port: '0x10', protocol: TCP}]", "tcp/0x10")]
    [InlineData("[{port: http, endPort: 90, protocol: TCP}]", "tcp/http")]
    [InlineData("[{port: '80', protocol: TCP}, {protocol: VRRP}]", "tcp/80")]
    public void Ports(string ports, string expected) =>
        Assert.Equal($"allow in any on {expected}", Good($"{{endpointSelector: {{}}, ingress: [{{toPorts: [{{ports: {ports}}}]}}]}}").Rules());

    [Theory]
    [InlineData("[{type: 8}]", "icmp/8")]
    [InlineData("[{type: '8', family: IPv4}]", "icmp/8")]
    [InlineData("[{type: 0}]", "icmp/0")]
    [InlineData("[{type: 255, family: IPv6}]", "icmpv6/255")]
    [InlineData("[{type: EchoRequest}, {type: EchoRequest, family: IPv6}]", "icmp/8 icmpv6/128")]
    [InlineData("[{type: Echo}, {type: DestinationUnreachable}, {type: TimeExceeded}]", "icmp/8 icmp/3 icmp/11")]
    [InlineData("[{type: PacketTooBig, family: IPv6}, {type: NeighborSolicitation, family: IPv6}]", "icmpv6/2 icmpv6/135")]
    public void Types_of_ICMP(string fields, string expected) =>
        Assert.Equal($"allow out any on {expected}", Good($"{{endpointSelector: {{}}, egress: [{{icmps: [{{fields: {fields}}}]}}]}}").Rules());

    [Theory]
    [InlineData("ingress: [{}]", "in")]
    [InlineData("egress: [{}]", "out")]
    [InlineData("ingress: [{}], egress: []", "in")]
    [InlineData("ingress: [{}], egressDeny: [{toEntities: [world]}]", "in out")]
    [InlineData("ingressDeny: [{fromEntities: [world]}]", "in")]
    [InlineData("ingress: [{}], enableDefaultDeny: {}", "in")]
    [InlineData("ingress: [{}], enableDefaultDeny: {ingress: false}", "in-open")]
    [InlineData("ingress: [{}], egress: [{}], enableDefaultDeny: {egress: false}", "in out-open")]
    [InlineData("ingress: [{}], enableDefaultDeny: {egress: true}", "in out")]
    [InlineData("ingress: [{}], enableDefaultDeny: {egress: false}", "in")]
    [InlineData("egressDeny: [{toEntities: [world]}], enableDefaultDeny: {egress: false}", "out-open")]
    public void Directions_that_are_isolated(string lists, string expected) =>
        Assert.Equal(expected, Assert.Single(Good($"{{endpointSelector: {{}}, {lists}}}").Sections).Isolation());

    [Theory]
    [InlineData("egress: [{toFQDNs: [{matchName: a.example}]}]", "", "toFQDNs")]
    [InlineData("egress: [{toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]}]", "", "dns")]
    [InlineData("egress: [{toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}, {ports: [{port: '80', protocol: TCP}]}]}]", "allow out any on tcp/80", "dns")]
    [InlineData("egress: [{toGroups: [{aws: {securityGroupsIds: [x]}}]}]", "", "toGroups")]
    [InlineData("ingress: [{fromGroups: [{aws: {labels: {a: b}, region: r}}], toPorts: [{ports: [{port: '80'}]}]}]", "", "fromGroups")]
    [InlineData("ingress: [{fromNodes: [{matchLabels: {a: b}}]}, {fromEntities: [world]}]", "allow in reserved:world on all", "fromNodes")]
    [InlineData("egress: [{toNodes: [{}]}]", "", "toNodes")]
    [InlineData("egress: [{toPorts: [{ports: [{port: '443', protocol: TCP}], serverNames: [a.example]}]}]", "", "serverNames")]
    [InlineData("egress: [{toPorts: [{ports: [{port: '443', protocol: TCP}], terminatingTLS: {secret: {name: a}}, originatingTLS: {secret: {namespace: n, name: a}, trustedCA: ca}}]}]", "", "terminatingTLS")]
    [InlineData("egress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], listener: {name: l, priority: 1, envoyConfig: {kind: CiliumEnvoyConfig, name: c}}}]}]", "", "listener")]
    [InlineData("ingress: [{toPorts: [{ports: [{port: '9092', protocol: TCP}], rules: {kafka: [{role: produce, topic: t}]}}]}]", "", "kafka")]
    [InlineData("ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {l7proto: p, l7: [{a: b}]}}]}]", "", "l7proto")]
    [InlineData("ingress: [{toPorts: [{ports: [{protocol: IGMP}]}]}]", "", "protocol")]
    [InlineData("ingressDeny: [{fromGroups: [{aws: {}}]}]", "deny in any on all", "fromGroups")]
    [InlineData("egressDeny: [{toNodes: [{}], toPorts: [{ports: [{port: '80'}]}]}]", "deny out any on all", "toNodes")]
    [InlineData("egressDeny: [{toCIDR: [10.0.0.0/8], toPorts: [{ports: [{port: '80'}, {protocol: VRRP, port: '0'}]}]}]", "deny out any on all", "protocol")]
    public void What_is_not_supported_yet_allows_nothing_or_denies_everything_and_is_said(string lists, string rules, string key)
    {
        var document = Good($"{{endpointSelector: {{}}, {lists}}}");

        Assert.Equal(rules, document.Rules());
        var warning = document.Warnings.First(warning => warning.Reason.Contains("not supported yet", StringComparison.Ordinal));
        Assert.EndsWith(key, warning.Path, StringComparison.Ordinal);
        Assert.NotEmpty(Assert.Single(document.Sections).Isolation());
    }

    [Theory]
    [InlineData("{}", Pods)]
    [InlineData("{matchLabels: {a: b}}", $"any:a in (b),{Pods}")]
    [InlineData("{matchLabels: {'k8s:io.kubernetes.pod.namespace': x}}", "k8s:io.kubernetes.pod.namespace in (x)")]
    [InlineData("{matchLabels: {'k8s:io.cilium.k8s.namespace.labels.team': x}}", "k8s:io.cilium.k8s.namespace.labels.team in (x),k8s:io.kubernetes.pod.namespace")]
    [InlineData("{matchLabels: {'reserved:world': ''}}", "reserved:world in ()")]
    public void Peers_of_a_policy_of_the_cluster_are_pods_of_every_namespace(string selector, string peers) =>
        Assert.Equal(
            $"allow in {peers} on all",
            Good($"{{endpointSelector: {{}}, ingress: [{{fromEndpoints: [{selector}]}}]}}", "CiliumClusterwideNetworkPolicy").Rules());

    [Fact]
    public void Peers_of_pods_without_labels_yet_need_no_namespace() =>
        Assert.Equal(
            "allow in {} on all",
            Good("{endpointSelector: {matchLabels: {'reserved:init': ''}}, ingress: [{fromEndpoints: [{}]}]}", "CiliumClusterwideNetworkPolicy").Rules());

    [Fact]
    public void A_policy_of_the_cluster_has_no_namespace()
    {
        var document = Good("{endpointSelector: {matchLabels: {a: b}}, ingress: [{fromEntities: [all]}]}", "CiliumClusterwideNetworkPolicy", "{name: p, namespace: x}");
        var section = Assert.Single(document.Sections);

        Assert.Equal(("", "any:a in (b)"), (document.Namespace, section.Subject.ToString()));
        Assert.Equal("CiliumClusterwideNetworkPolicy p: spec", section.Reference.ToString());
        Assert.EndsWith("metadata.namespace", Assert.Single(document.Warnings).Path, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_about_nodes_is_reported_and_makes_no_section()
    {
        var text = """
            apiVersion: cilium.io/v2
            kind: CiliumClusterwideNetworkPolicy
            metadata: {name: p}
            specs:
            - {nodeSelector: {matchLabels: {a: b}}, ingress: [{fromEntities: [world]}]}
            - {endpointSelector: {}, egress: [{toEntities: [world]}]}
            """;
        var document = Assert.Single(Parse(text));

        Assert.Empty(document.Faults);
        Assert.Equal("specs[1]", Assert.Single(document.Sections).Reference.RulePath);
        Assert.Equal("specs[0].nodeSelector", Assert.Single(document.Warnings).Path);
        Assert.True(PolicySnapshot.Compile([document]).Ask(TieFighter).IsAllowed);
    }

    [Fact]
    public void Spec_and_specs_both_count_and_rules_know_their_places()
    {
        var text = """
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: p, namespace: n, annotations: {node-proxy.dev/audit: "true"}}
            spec: {endpointSelector: {}, ingress: [{}, {fromEntities: [all]}], log: {value: told}, labels: [{key: a, value: b, source: c}], description: d}
            specs:
            - {endpointSelector: {}, egressDeny: [{toEntities: [all], toPorts: [{ports: [{port: '1'}]}, {ports: [{port: '2'}]}]}]}
            """;
        var document = Assert.Single(Parse(text));

        Assert.Empty(document.Faults);
        Assert.Equal(
            ["spec.ingress[1]", "specs[0].egressDeny[0]", "specs[0].egressDeny[0]"],
            document.Sections.SelectMany(section => section.Rules).Select(rule => rule.Reference.RulePath));
        Assert.Equal(["told", ""], document.Sections.Select(section => section.LogValue));
        Assert.All(document.Sections, section => Assert.True(section.IsAudit));
    }

    [Theory]
    [InlineData("cilium.io/v2")]
    [InlineData("cilium.io/v2alpha1")]
    public void A_group_of_ranges(string version)
    {
        var group = Group($"apiVersion: {version}\nkind: CiliumCIDRGroup\nmetadata: {{name: g, labels: {{a: b}}}}\nspec: {{externalCIDRs: [10.0.0.0/8, 'fd00::/8']}}");

        Assert.Equal(("g", false, "k8s:a=b", "10.0.0.0/8 fd00::/8"), (group.Name, group.IsRefused, group.Labels.ToString(), string.Join(' ', group.Cidrs)));
    }

    [Theory]
    [InlineData("metadata: {name: g}\nspec: {externalCIDRs: [10.0.0.1]}", "spec.externalCIDRs[0]")]
    [InlineData("metadata: {name: g}\nspec: {externalCIDR: []}", "spec.externalCIDR")]
    [InlineData("metadata: {name: g}\nspec: {}", "spec")]
    [InlineData("metadata: {name: g}\nspec: []", "spec")]
    [InlineData("metadata: {name: g}", "")]
    [InlineData("metadata: {name: g, labels: {a: 1}}\nspec: {externalCIDRs: []}", "metadata.labels.a")]
    [InlineData("spec: {externalCIDRs: []}", "")]
    public void A_faulty_group_holds_no_range(string body, string path)
    {
        var group = Group($"apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\n{body}");

        Assert.True(group.IsRefused);
        Assert.Empty(group.Cidrs);
        Assert.Contains(group.Faults, fault => fault.Path == path);
    }

    private static CidrGroup Group(string text) => PolicyParser.ParseCidrGroup(Assert.Single(Read(text).Documents));
}
