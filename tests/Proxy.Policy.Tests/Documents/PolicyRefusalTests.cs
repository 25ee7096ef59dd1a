using Proxy.Policy.Documents;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Documents;

public sealed class PolicyRefusalTests
{
    private const string Ports = "spec.ingress[0].toPorts[0].ports[0]";
    private const string Http = "spec.ingress[0].toPorts[0].rules.http[0]";

    [Theory]
    [InlineData("http:", "HTTP:", "spec.ingress[0].toPorts[0].rules.HTTP", 14, "did you mean 'http'?")]
    [InlineData("rules:", "rule:", "spec.ingress[0].toPorts[0].rule", 13, "did you mean 'rules'?")]
    [InlineData("toPorts:", "toPort:", "spec.ingress[0].toPort", 10, "did you mean 'toPorts'?")]
    [InlineData("- fromEndpoints:", "- fromEndpoint:", "spec.ingress[0].fromEndpoint", 8, "did you mean 'fromEndpoints'?")]
    [InlineData("method: POST", "methods: POST", $"{Http}.methods", 15, "did you mean 'method'?")]
    [InlineData("method: POST", "hosts: x", $"{Http}.hosts", 15, "did you mean 'host'?")]
    [InlineData("method: POST", "header: []", $"{Http}.header", 15, "did you mean 'headers'?")]
    [InlineData("method: POST", "method: '('", $"{Http}.method", 15, "")]
    [InlineData("path: /v1/request-landing", "path: '/(?=x)'", $"{Http}.path", 15, "look-around, conditions and comments need another engine")]
    [InlineData("path: /v1/request-landing", "path: [a]", $"{Http}.path", 15, "")]
    [InlineData("protocol: TCP", "protocol: UDP", "spec.ingress[0].toPorts[0].rules.http", 15, "write 'protocol: TCP'")]
    [InlineData("protocol: TCP", "protocol: ANY", "spec.ingress[0].toPorts[0].rules.http", 15, "write 'protocol: TCP'")]
    [InlineData(", protocol: TCP", "", "spec.ingress[0].toPorts[0].rules.http", 15, "write 'protocol: TCP'")]
    [InlineData("protocol: TCP", "protocol: TPC", $"{Ports}.protocol", 12, "did you mean 'TCP'?")]
    [InlineData("protocol: TCP", "protocol: TCP, endPort: '90'", $"{Ports}.endPort", 12, "write it without quotes")]
    [InlineData("protocol: TCP", "protocol: TCP, endPort: 65536", $"{Ports}.endPort", 12, "")]
    [InlineData("protocol: TCP", "protocol: VRRP", $"{Ports}.port", 12, "remove the port")]
    [InlineData("protocol: TCP", "protocol: ICMP", $"{Ports}.protocol", 12, "types of ICMP are listed in icmps, beside other items with toPorts")]
    [InlineData("port: \"80\", ", "", Ports, 12, "write \"0\" for every port of the protocol")]
    [InlineData("\"80\"", "80", $"{Ports}.port", 12, "put the value in quotes")]
    [InlineData("\"80\"", "0x50", $"{Ports}.port", 12, "put the value in quotes")]
    [InlineData("\"80\"", "web-of-the-death-star", $"{Ports}.port", 12, "a name has at most 15 letters, digits and single '-', with a letter")]
    [InlineData("\"80\"", "web--1", $"{Ports}.port", 12, "a name has at most 15 letters, digits and single '-', with a letter")]
    [InlineData("\"80\"", "web_1", $"{Ports}.port", 12, "a name has at most 15 letters, digits and single '-', with a letter")]
    [InlineData("\"80\"", "\"080\"", $"{Ports}.port", 12, "write it without the zero")]
    [InlineData("\"80\"", "\"65536\"", $"{Ports}.port", 12, "")]
    [InlineData("\"80\"", "6581-6586", $"{Ports}.port", 12, "a range is written with port and endPort")]
    [InlineData("\"80\"", "\"0\"", "spec.ingress[0].toPorts[0].rules.http", 15, "")]
    [InlineData("org: empire}\n    toPorts", "org: 7}\n    toPorts", "spec.ingress[0].fromEndpoints[0].matchLabels.org", 9, "put the value in quotes")]
    [InlineData("org: empire}\n    toPorts", "kubernetes:x: empire}\n    toPorts", "spec.ingress[0].fromEndpoints[0].matchLabels['kubernetes:x']", 9, "")]
    [InlineData("org: empire}\n    toPorts", "org: 'a b'}\n    toPorts", "spec.ingress[0].fromEndpoints[0].matchLabels.org", 9, "")]
    [InlineData("    toPorts", "    auth: {mode: required}\n    toPorts", "spec.ingress[0].auth", 10, "did you mean 'authentication'?")]
    [InlineData("    toPorts", "    authentication: {mode: Required}\n    toPorts", "spec.ingress[0].authentication.mode", 10, "did you mean 'required'?")]
    [InlineData("    toPorts", "    authentication: {}\n    toPorts", "spec.ingress[0].authentication", 10, "write 'mode: required'")]
    [InlineData("    toPorts", "    fromEntities: [all]\n    toPorts", "spec.ingress[0]", 8, "write an item for each")]
    [InlineData("    toPorts", "    fromCIDR: [10.0.0.0/8]\n    toPorts", "spec.ingress[0]", 8, "write an item for each")]
    [InlineData("    toPorts", "    toEndpoints: [{}]\n    toPorts", "spec.ingress[0].toEndpoints", 10, "'toEndpoints' belongs under an item of egress")]
    [InlineData("    toPorts", "    http: []\n    toPorts", "spec.ingress[0].http", 10, "'http' belongs under rules")]
    [InlineData("kind: CiliumNetworkPolicy", "kind: CiliumNetworkPolicy\ndescription: x", "description", 3, "'description' belongs under spec")]
    [InlineData("name: sw", "name: sw, description: x", "metadata.description", 3, "'description' belongs under spec")]
    [InlineData("cilium.io/v2", "cilium.io/v1", "apiVersion", 1, "did you mean 'cilium.io/v2'?")]
    [InlineData("CiliumNetworkPolicy", "CiliumNetworkPolcy", "kind", 2, "did you mean 'CiliumNetworkPolicy'?")]
    [InlineData("spec:", "Spec:", "Spec", 4, "did you mean 'spec'?")]
    [InlineData("endpointSelector:", "podSelector:", "spec.podSelector", 5, "did you mean 'endpointSelector'?")]
    public void A_document_with_a_fault_is_refused_with_place_and_hint(string from, string to, string path, int line, string hint)
    {
        var text = StarWars.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(StarWars, text);
        var document = Assert.Single(Parse(text));

        var fault = document.Faults.First(fault => fault.Path == path);
        Assert.Equal(("test.yaml", line, hint), (fault.File, fault.Line, fault.Hint));
        Assert.StartsWith($"test.yaml:{line}:{fault.Column}: {document.Kind} default/sw: {path}: ", fault.ToString(), StringComparison.Ordinal);
        Assert.NotEqual("pass", PolicySnapshot.Compile([document]).Ask(TieFighter).Request("PUT", "/"));
        Assert.False(PolicySnapshot.Compile([document]).Ask(XWing).IsAllowed);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{endpointSelector: {}}")]
    [InlineData("{endpointSelector: {}, ingress: []}")]
    [InlineData("{endpointSelector: {}, ingress: null}")]
    [InlineData("{endpointSelector: {}, ingress: {}}")]
    [InlineData("{endpointSelector: {}, ingress: [null]}")]
    [InlineData("{ingress: [{}]}")]
    [InlineData("{endpointSelector: null, ingress: [{}]}")]
    [InlineData("{endpointSelector: {}, nodeSelector: {}, ingress: [{}]}")]
    [InlineData("{endpointSelector: {}, ingress: [{}], description: 5}")]
    [InlineData("{endpointSelector: {}, ingress: [{fromEndpoints: [null]}]}")]
    [InlineData("{endpointSelector: {}, ingress: [{fromEndpoints: {}}]}")]
    [InlineData("{endpointSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}, ingress: [{}]}")]
    [InlineData("{endpointSelector: {matchExpressions: [{key: a, operator: In}]}, ingress: [{}]}")]
    [InlineData("{endpointSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}, ingress: [{}]}")]
    [InlineData("text")]
    [InlineData("null")]
    [InlineData("[]")]
    public void A_rule_without_its_parts_is_refused_and_closes_the_namespace(string spec)
    {
        var document = Assert.Single(Parse($"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p}}\nspec: {spec}"));

        Assert.True(document.IsRefused);
        Assert.Equal(VerdictReason.DocumentRefused, PolicySnapshot.Compile([document]).Ask(TieFighter).Reason);
        Assert.Equal(VerdictReason.NotIsolated, PolicySnapshot.Compile([document]).Ask(TieFighter, subject: Elsewhere).Reason);
    }

    [Theory]
    [InlineData("{authentication: null, fromEndpoints: [{}]}", "authentication")]
    [InlineData("{fromEndpoints: [{}], toPorts: ~}", "toPorts")]
    [InlineData("{toPorts: [{ports: }]}", "toPorts[0].ports")]
    [InlineData("{toPorts: [{ports: [{port: '80', protocol: }]}]}", "toPorts[0].ports[0].protocol")]
    [InlineData("{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: }]}", "toPorts[0].rules")]
    [InlineData("{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: }}]}", "toPorts[0].rules.http")]
    [InlineData("{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{path: }]}}]}", "toPorts[0].rules.http[0].path")]
    [InlineData("{fromEndpoints: [{matchLabels: }]}", "fromEndpoints[0].matchLabels")]
    [InlineData("{fromCIDRSet: [{cidr: 10.0.0.0/8, except: }]}", "fromCIDRSet[0].except")]
    [InlineData("{fromCIDRSet: [{cidrGroupRef: a, except: ~}]}", "fromCIDRSet[0].except")]
    public void An_empty_value_where_a_restriction_belongs_is_refused(string item, string path)
    {
        var fault = Assert.Single(Assert.Single(Parse(OnDeathStar($"[{item}]"))).Faults);

        Assert.Equal(($"spec.ingress[0].{path}", "the value is missing"), (fault.Path, fault.Reason));
    }

    [Theory]
    [InlineData("egressDeny: [{toFQDNs: [{matchName: a}]}]", "egressDeny[0].toFQDNs", "a deny item has no authentication and no toFQDNs")]
    [InlineData("egressDeny: [{toFQDNs: [{matchName: a}], toPorts: [{ports: [{port: '80'}]}]}]", "egressDeny[0].toFQDNs", "a deny item has no authentication and no toFQDNs")]
    [InlineData("ingress: [{fromServices: [{k8sService: {serviceName: a, namespace: b}}]}]", "ingress[0].fromServices", "")]
    public void Peers_that_the_list_does_not_have_are_told_once(string lists, string path, string hint)
    {
        var document = Rendering.Bad($"{{endpointSelector: {{}}, {lists}}}");

        var fault = Assert.Single(document.Faults);
        Assert.Equal(($"spec.{path}", hint, true), (fault.Path, fault.Hint, fault.Reason.StartsWith("unknown key", StringComparison.Ordinal)));
        Assert.Empty(document.Warnings);
    }

    [Fact]
    public void Forty_ports_are_read_and_forty_one_are_refused()
    {
        string Items(int count) => $"[{{toPorts: [{{ports: [{string.Join(", ", Enumerable.Range(1, count).Select(i => $"{{port: '{i}'}}"))}]}}]}}]";

        Assert.False(Parse(OnDeathStar(Items(39)))[0].IsRefused);
        Assert.False(Parse(OnDeathStar(Items(40)))[0].IsRefused);
        Assert.True(Parse(OnDeathStar(Items(41)))[0].IsRefused);
    }

    [Fact]
    public void Ordinary_metadata_and_status_are_accepted()
    {
        var text = """
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata:
              name: p
              labels: {a: b}
              annotations: {x/y: "1"}
              uid: 1-2
              resourceVersion: "5"
              generation: 3
              creationTimestamp: 2026-01-01T00:00:00Z
              managedFields: [{manager: kubectl}]
            spec: {description: text, endpointSelector: {}, ingress: [{}]}
            status: {conditions: [{type: Valid}]}
            """;

        Assert.Empty(Assert.Single(Parse(text)).Faults);
    }

    [Fact]
    public void Several_rules_and_their_paths()
    {
        var text = """
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: p}
            specs:
            - endpointSelector: {matchLabels: {class: xwing}}
              ingress: [{}]
            - endpointSelector: {matchLabels: {class: deathstar}}
              ingress: [{}, {fromEndpoints: [{}]}]
            """;

        Assert.Equal(["specs[1].ingress[1]"], Snapshot(text).Ask(TieFighter).Rules.Select(rule => rule.RulePath));
        Assert.False(Snapshot(text).Ask(TieFighter, subject: XWing).IsAllowed);
    }

    [Theory]
    [InlineData("cilium.io/v2", "CiliumNetworkPolicy", true)]
    [InlineData("cilium.io/v2alpha1", "CiliumNetworkPolicy", true)]
    [InlineData("", "CiliumNetworkPolicy", true)]
    [InlineData("cilium.io/v2", "CiliumClusterwideNetworkPolicy", true)]
    [InlineData("cilium.io/v2", "ciliumNetworkPolicies", true)]
    [InlineData("cilium.io/v2", "CiliumClusterNetworkPolicy", true)]
    [InlineData("cilium.io/v2", "ciliumnetworkpolicy", true)]
    [InlineData("networking.k8s.io/v1", "NetworkPolicy", true)]
    [InlineData("networking.k8s.io/v1", "Ingress", false)]
    [InlineData("extensions/v1beta1", "NetworkPolicy", true)]
    [InlineData("v1", "NetworkPolicy", true)]
    [InlineData("", "NetworkPolicy", true)]
    [InlineData("network.k8s.io/v1", "NetworkPolicy", true)]
    [InlineData("networking.k8.io/v1", "NetworkPolicy", true)]
    [InlineData("crd.projectcalico.org/v1", "NetworkPolicy", false)]
    [InlineData("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", false)]
    [InlineData("cilium.io/v2", "CiliumEndpoint", false)]
    [InlineData("v1", "Pod", false)]
    [InlineData("cilium.io/v2", "", true)]
    [InlineData("networking.k8s.io/v1", "", true)]
    [InlineData("apps/v1", "", false)]
    [InlineData("", "", false)]
    public void Policy_kinds(string apiVersion, string kind, bool isPolicy) =>
        Assert.Equal(isPolicy, PolicyParser.IsPolicyKind(apiVersion, kind));
}
