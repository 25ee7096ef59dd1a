using static Proxy.Policy.Tests.Documents.Rendering;

namespace Proxy.Policy.Tests.Documents;

/// <summary>What is legal and seldom means what it seems to say.</summary>
public sealed class TrapTests
{
    private const string Http = "ports: [{port: '80', protocol: TCP}], rules: {http: [{";

    [Theory]
    [InlineData("ingress: [{fromEndpoints: [{}]}]", "spec.ingress[0].fromEndpoints[0]", "'{}' is not everybody")]
    [InlineData("ingress: [{fromEndpoints: null}]", "spec.ingress[0].fromEndpoints", "an absent one")]
    [InlineData("egress: [{toCIDR: ~, toPorts: [{ports: [{port: '80'}]}]}]", "spec.egress[0].toCIDR", "an absent one")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {k8s.io.kubernetes.pod.namespace: a}}]}]", "spec.ingress[0].fromEndpoints[0].matchLabels['k8s.io.kubernetes.pod.namespace']", "has a dot")]
    [InlineData("egress: [{toEndpoints: [{matchExpressions: [{key: reserved.world, operator: Exists}]}]}]", "spec.egress[0].toEndpoints[0].matchExpressions[0].key", "has a dot")]
    [InlineData("egress: [{toEndpoints: [{matchLabels: {'reserved:wrold': ''}}]}]", "spec.egress[0].toEndpoints[0].matchLabels['reserved:wrold']", "nothing has the label")]
    [InlineData("ingress: [{fromEndpoints: [{matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: NotIn, values: [a]}]}]}]", "spec.ingress[0].fromEndpoints[0]", "only excludes")]
    [InlineData("ingress: [{fromEntities: [world], authentication: {mode: required}}]", "spec.ingress[0].fromEntities", "only pods can authenticate")]
    [InlineData("egress: [{toCIDR: [10.0.0.0/8], authentication: {mode: required}}]", "spec.egress[0].toCIDR", "only pods can authenticate")]
    [InlineData("ingress: [{fromCIDR: [10.1.2.3/8]}]", "spec.ingress[0].fromCIDR[0]", "it means 10.0.0.0/8")]
    [InlineData("ingressDeny: [{}]", "spec.ingressDeny[0]", "denies nothing")]
    [InlineData("ingress: [{toPorts: [{ports: []}]}]", "spec.ingress[0].toPorts[0]", "names no port")]
    [InlineData("ingress: [{icmps: [{fields: []}]}]", "spec.ingress[0].icmps[0]", "names no type")]
    [InlineData("ingress: [{toPorts: [{ports: [{port: '90', endPort: 80}]}]}]", "spec.ingress[0].toPorts[0].ports[0].endPort", "endPort is ignored")]
    [InlineData("ingress: [{toPorts: [{ports: [{port: web, endPort: 80}]}]}]", "spec.ingress[0].toPorts[0].ports[0].endPort", "endPort is ignored")]
    [InlineData("egress: [{toServices: [{}]}]", "spec.egress[0].toServices[0]", "chooses no service")]
    [InlineData("egress: [{toServices: [{k8sService: {serviceName: a}}]}]", "spec.egress[0].toServices[0].k8sService", "every namespace")]
    [InlineData("egress: [{toFQDNs: [{matchName: a}]}]", "spec.egress[0].toFQDNs", "never learned")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: /a}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].path", "together with the query")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: '/a(/b)?'}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].path", "together with the query")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}method: GET}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].method", "does not cover HEAD")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {a: b}}], authentication: {mode: required}, toPorts: [{ports: [{port: '53', protocol: UDP}]}]}]", "spec.ingress[0].authentication", "but over TCP")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {a: b}}], authentication: {mode: required}, icmps: [{fields: [{type: 8}]}]}]", "spec.ingress[0].authentication", "but over TCP")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}headerMatches: [{{name: a, value: b, mismatch: LOG}}]}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].headerMatches", "every request passes")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: ^/api}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].path", "the whole path must match")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}method: get}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].method", "capital letters")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}method: get|Post}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].method", "capital letters")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: /public/*}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].path", "repeats the slash")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {kubernetes.io/metadata.name: other}}]}]", "spec.ingress[0].fromEndpoints[0].matchLabels['kubernetes.io/metadata.name']", "namespaces have this label")]
    [InlineData("ingress: [{toPorts: [{ports: [{port: '443', protocol: TCP}], rules: {http: [{}]}}]}]", "spec.ingress[0].toPorts[0].rules.http", "port 443 is usually TLS")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: 'v1/.*'}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].path", "begins with a slash")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: '^v1/.*'}}]}}}}]}}]", "spec.ingress[0].toPorts[0].rules.http[0].path", "begins with a slash")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {'k8s:pod-template-hash': abc}}]}]", "spec.ingress[0].fromEndpoints[0].matchLabels['k8s:pod-template-hash']", "differs from pod to pod")]
    [InlineData("egressDeny: [{toEndpoints: [{matchLabels: {statefulset.kubernetes.io/pod-name: db-0}}]}]", "spec.egressDeny[0].toEndpoints[0].matchLabels['statefulset.kubernetes.io/pod-name']", "differs from pod to pod")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.cluster: prod}}]}]", "spec.ingress[0].fromEndpoints[0]", "names another cluster")]
    [InlineData("egressDeny: [{toEndpoints: [{matchExpressions: [{key: 'k8s:io.cilium.k8s.policy.cluster', operator: In, values: [a, b]}]}]}]", "spec.egressDeny[0].toEndpoints[0]", "names another cluster")]
    [InlineData("ingressDeny: [{fromEndpoints: null}]", "spec.ingressDeny[0]", "denies nothing")]
    [InlineData("egressDeny: [{toPorts: []}]", "spec.egressDeny[0]", "denies nothing")]
    [InlineData("ingressDeny: [{fromEndpoints: []}]", "spec.ingressDeny[0]", "denies nothing")]
    [InlineData("egressDeny: [{toCIDR: [], toPorts: [{ports: [{port: '80'}]}]}]", "spec.egressDeny[0]", "denies nothing")]
    [InlineData("egressDeny: [{toServices: [{}]}]", "spec.egressDeny[0]", "denies nothing")]
    [InlineData("ingress: [{toPorts: [{ports: [{port: '8000', endPort: 9000, protocol: TCP}], rules: {http: [{}]}}]}]", "spec.ingress[0].toPorts[0].rules.http", "port 8443 is usually TLS")]
    public void Warnings_of_an_item(string lists, string path, string reason)
    {
        var document = Good($"{{endpointSelector: {{}}, {lists}}}");

        Assert.Contains(document.Warnings, warning => warning.Path == path && warning.Reason.Contains(reason, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {k8s.io/a: b, 'k8s:a': b, reserved: b}}]}]")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {a: b}}], authentication: {mode: required}}]")]
    [InlineData("ingress: [{fromEntities: [world], authentication: {mode: disabled}}]")]
    [InlineData("ingress: [{}]")]
    [InlineData("egress: [{toFQDNs: []}, {toPorts: [{ports: [{port: '53'}], rules: {dns: []}}]}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: '/a.*'}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: '/a(\\?.*)?'}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}method: GET|HEAD}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}method: GET}}, {{method: HEAD}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}method: GET}}, {{path: '/.*'}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}method: POST}}]}}}}]}}]")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {a: b}}], authentication: {mode: required}, toPorts: [{ports: [{port: '53'}]}]}]")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {a: b}}], authentication: {mode: disabled}, toPorts: [{ports: [{port: '53', protocol: UDP}]}]}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}headerMatches: [{{name: a, value: b}}]}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}host: '', headerMatches: [{{name: a, mismatch: LOG}}, {{name: b}}]}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: '^/api(/.*)?'}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}method: (?i)post}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}method: propfind}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: '/public/.*'}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: 'v1.*|/v2.*'}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: 'v?/v2.*'}}]}}}}]}}]")]
    [InlineData($"ingress: [{{toPorts: [{{{Http}path: 'v*/v2.*'}}]}}}}]}}]")]
    [InlineData("ingressDeny: [{fromEntities: [world]}], ingress: [{fromEndpoints: []}]")]
    [InlineData("ingressDeny: [{toPorts: [{ports: [{port: '80'}]}]}]")]
    [InlineData("ingressDeny: [{icmps: [{fields: [{type: 8}]}]}]")]
    [InlineData("ingress: [{fromEndpoints: [{matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: In, values: [a, default]}]}]}]")]
    [InlineData("ingress: [{fromEndpoints: [{matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: Exists}]}]}]")]
    [InlineData("ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name: other}}]}]")]
    public void No_warning(string lists) => Assert.Empty(Good($"{{endpointSelector: {{}}, {lists}}}").Warnings);

    [Theory]
    [InlineData("{matchLabels: {'k8s:io.kubernetes.pod.namespace': other}}", true)]
    [InlineData("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: [other]}]}", true)]
    [InlineData("{matchLabels: {'k8s:io.kubernetes.pod.namespace': default}}", false)]
    [InlineData("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}", false)]
    [InlineData("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: [other, default]}]}", false)]
    [InlineData("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [other]}]}", false)]
    [InlineData("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [default]}]}", true)]
    [InlineData("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: DoesNotExist}]}", true)]
    public void A_subject_in_another_namespace(string selector, bool isTrap) =>
        Assert.Equal(isTrap, Good($"{{endpointSelector: {selector}, ingress: [{{}}]}}").Warnings.Any(warning => warning.Reason.Contains("names another namespace", StringComparison.Ordinal)));

    [Fact]
    public void A_document_that_ignores_queries_is_not_warned_of_them()
    {
        var spec = $"{{endpointSelector: {{}}, ingress: [{{toPorts: [{{{Http}path: /a}}]}}}}]}}]}}";

        Assert.Single(Good(spec, metadata: "{name: p, annotations: {node-proxy.dev/ignore-query: 'false'}}").Warnings);
        var ignoring = Good(spec, metadata: "{name: p, annotations: {node-proxy.dev/ignore-query: 'true'}}");
        Assert.Empty(ignoring.Warnings);
        Assert.True(Assert.Single(Assert.Single(ignoring.Sections[0].Rules).Http!).IgnoresQuery);
    }

    [Theory]
    [InlineData("node-proxy.dev/adit: 'true'", "did you mean 'node-proxy.dev/audit'?")]
    [InlineData("node-proxy.dev/ignore-querry: 'true'", "did you mean 'node-proxy.dev/ignore-query'?")]
    public void A_misspelled_annotation(string annotation, string hint) =>
        Assert.Equal(hint, Assert.Single(Good("{endpointSelector: {}, ingress: [{}]}", metadata: $"{{name: p, annotations: {{{annotation}}}}}").Warnings).Hint);

    [Theory]
    [InlineData("node-proxy.dev/audit: true")]
    [InlineData("node-proxy.dev/audit: 'yes'")]
    [InlineData("node-proxy.dev/ignore-query: [a]")]
    public void An_annotation_that_nobody_can_read_refuses_the_document(string annotation) =>
        Assert.StartsWith("metadata.annotations", Bad("{endpointSelector: {}, ingress: [{}]}", metadata: $"{{name: p, annotations: {{{annotation}}}}}").Faults[0].Path, StringComparison.Ordinal);

    [Theory]
    [InlineData("{podSelector: {}, egress: []}", "spec.egress", "ingress is isolated instead")]
    [InlineData("{podSelector: {}, policyTypes: [Ingress], egress: [{}]}", "spec.egress", "does not name Egress")]
    [InlineData("{podSelector: {}, policyTypes: [Egress], ingress: []}", "spec.ingress", "does not name Ingress")]
    [InlineData("{podSelector: {matchLabels: }}", "spec.podSelector.matchLabels", "chooses everything")]
    [InlineData("{podSelector: {}, ingress: [{from: }]}", "spec.ingress[0].from", "everybody")]
    [InlineData("{podSelector: {}, ingress: [{ports: ~}]}", "spec.ingress[0].ports", "every port")]
    [InlineData("{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}]}]}", "spec.ingress[0].from[0].podSelector.matchLabels['kubernetes.io/metadata.name']", "namespaces have this label")]
    [InlineData("{podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: db-0}}}", "spec.podSelector.matchLabels['statefulset.kubernetes.io/pod-name']", "differs from pod to pod")]
    [InlineData("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: }}]}]}", "spec.ingress[0].from[0].ipBlock.except", "excepts nothing")]
    [InlineData("{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}}}, {podSelector: {matchLabels: {role: y}}}]}]}", "spec.ingress[0].from[1]", "alternatives")]
    [InlineData("{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {role: y}}}, {namespaceSelector: {}}]}]}", "spec.ingress[0].from[1]", "alternatives")]
    [InlineData("{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: x}}}, {podSelector: {matchExpressions: [{key: a, operator: Exists}]}}]}]}", "spec.egress[0].to[1]", "alternatives")]
    public void Warnings_of_a_NetworkPolicy(string spec, string path, string reason)
    {
        var warning = Assert.Single(Good(spec, "NetworkPolicy").Warnings);

        Assert.Equal((path, true), (warning.Path, warning.Reason.Contains(reason, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("{namespaceSelector: {matchLabels: {team: x}}, podSelector: {matchLabels: {role: y}}}")]
    [InlineData("{namespaceSelector: {matchLabels: {team: x}}}, {podSelector: {}}")]
    [InlineData("{namespaceSelector: {matchLabels: {team: x}}}, {podSelector: {matchLabels: {}}}")]
    [InlineData("{namespaceSelector: {matchLabels: {team: x}}}, {namespaceSelector: {matchLabels: {team: z}}}")]
    [InlineData("{podSelector: {matchLabels: {role: y}}}, {podSelector: {matchLabels: {role: z}}}")]
    [InlineData("{namespaceSelector: {matchLabels: {team: x}}, podSelector: {}}, {podSelector: {matchLabels: {role: y}}}")]
    [InlineData("{ipBlock: {cidr: 172.17.0.0/16, except: [172.17.1.0/24]}}, {namespaceSelector: {matchLabels: {project: p}}}, {podSelector: {matchLabels: {role: frontend}}}")]
    public void Peers_of_a_NetworkPolicy_that_are_no_trap(string peers) =>
        Assert.Empty(Good($"{{podSelector: {{}}, ingress: [{{from: [{peers}]}}]}}", "NetworkPolicy").Warnings);
}
