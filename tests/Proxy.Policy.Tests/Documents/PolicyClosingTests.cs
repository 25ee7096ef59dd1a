using Proxy.Policy.Labels;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Documents;

/// <summary>What a refused document closes, and what it leaves alone.</summary>
public sealed class PolicyClosingTests
{
    [Theory]
    [InlineData("a readable selector and ingress", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{x: y}]}", "ds:in")]
    [InlineData("egress only", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, egress: [{x: y}]}", "ds:out")]
    [InlineData("both", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}], egressDeny: [{x: y}]}", "ds:in ds:out")]
    [InlineData("denied ingress only", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingressDeny: [{toPorts: [{rules: {}}]}]}", "ds:in")]
    [InlineData("denied egress only", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, egressDeny: [{toEntities: [wrold]}]}", "ds:out")]
    [InlineData("isolation beside it", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{x: y}], enableDefaultDeny: {egress: true}}", "ds:in ds:out")]
    [InlineData("isolation in another word", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}], enableDefaultDeny: {egress: on}}", "ds:in ds:out")]
    [InlineData("no isolation beside it", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{x: y}], enableDefaultDeny: {egress: false}}", "ds:in")]
    [InlineData("isolation nobody can read", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}], enableDefaultDeny: {igress: false}}", "ds:in ds:out")]
    [InlineData("nodes in a namespace", "spec: {nodeSelector: {}, ingress: [{}]}", "ds:in xw:in")]
    [InlineData("pods and nodes", "spec: {nodeSelector: {}, endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}]}", "ds:in")]
    [InlineData("unclear direction", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, Ingress: [{}]}", "ds:in ds:out")]
    [InlineData("unclear beside a clear one", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}], egres: [{}]}", "ds:in ds:out")]
    [InlineData("no direction", "spec: {endpointSelector: {matchLabels: {class: deathstar}}}", "ds:in ds:out")]
    [InlineData("an unreadable selector", "spec: {endpointSelector: {matchLabels: {class: 1}}, ingress: [{}]}", "ds:in xw:in")]
    [InlineData("a label beside matchLabels", "spec: {endpointSelector: {matchLabels: {org: empire}, class: deathstar}, ingress: [{}]}", "ds:in xw:in")]
    [InlineData("a misspelled selector", "spec: {endpointselector: {}, ingress: [{}]}", "ds:in ds:out xw:in xw:out")]
    [InlineData("no rule", "spce: {endpointSelector: {}, ingress: [{}]}", "ds:in ds:out xw:in xw:out")]
    [InlineData("a second rule nobody can read", "spec: {endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}]}\nspeks: [{}]", "ds:in ds:out xw:in xw:out")]
    [InlineData("a good and a bad rule", "specs: [{endpointSelector: {matchLabels: {class: deathstar}}, ingress: [{}]}, {endpointSelector: {matchLabels: {class: xwing}}, egress: []}]", "ds:in xw:out")]
    public void In_its_namespace(string row, string body, string closed)
    {
        var snapshot = Snapshot($"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p, namespace: default}}\n{body}");

        Assert.True(closed == Closed(snapshot), $"{row}: {Closed(snapshot)}");
    }

    [Theory]
    [InlineData("{name: p, namespace: [default]}", "ds:in elsewhere:in")]
    [InlineData("{name: p, namespace: Default}", "ds:in elsewhere:in")]
    [InlineData("{name: p, namespce: other}", "ds:in elsewhere:in")]
    [InlineData("{name: p, namespace: default, x: y}", "ds:in")]
    [InlineData("{name: p, namespace: other, x: y}", "elsewhere:in")]
    [InlineData("{name: 5}", "ds:in")]
    public void A_document_of_an_unreadable_namespace_closes_what_it_selects_in_all(string metadata, string closed)
    {
        var snapshot = Snapshot($"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {metadata}\nspec: {{endpointSelector: {{matchLabels: {{org: empire}}}}, ingress: [{{}}]}}");

        Assert.Equal(closed, Closed(snapshot));
    }

    [Theory]
    [InlineData("spec: {endpointSelector: {matchLabels: {org: empire}}, ingress: [{x: y}]}", "ds:in elsewhere:in")]
    [InlineData("spec: {endpointSelector: {matchLabels: {org: empire}}, egressDeny: [{x: y}]}", "ds:out elsewhere:out")]
    [InlineData("spec: {endpointSelector: 5, ingress: [{}]}", "ds:in elsewhere:in xw:in")]
    [InlineData("spec: {nodeSelector: {}, ingress: [{x: y}]}", "")]
    [InlineData("specs: [{nodeSelector: {}, ingress: [{x: y}]}, {endpointSelector: {matchLabels: {class: xwing}}, ingress: [{}]}]", "xw:in")]
    [InlineData("spec: {nodeSelector: {}, endpointSelector: {}, ingress: [{}]}", "ds:in elsewhere:in xw:in")]
    [InlineData("spec: {nodeSelector: {}, endpontSelector: {}, ingress: [{}]}", "ds:in ds:out elsewhere:in elsewhere:out xw:in xw:out")]
    public void A_clusterwide_policy_closes_in_every_namespace(string spec, string closed) =>
        Assert.Equal(closed, Closed(Snapshot($"apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {{name: p}}\n{spec}")));

    [Theory]
    [InlineData("spec: {endpointSelector: {}, ingress: [{x: y}]}", "the ingress of every pod of every namespace")]
    [InlineData("spec: {endpointSelector: {matchLabels: {org: empire}}, egress: [{x: y}]}", "the egress of the pods of every namespace that any:org in (empire) chooses")]
    [InlineData("spec: {x: y}", "ingress and egress of every pod of every namespace")]
    [InlineData("spec: {nodeSelector: {}, ingress: [{x: y}]}", "it is about nodes, and closes no pod")]
    public void The_fault_of_a_clusterwide_policy_says_what_it_closes(string spec, string words)
    {
        var document = Assert.Single(Parse($"apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {{name: p}}\n{spec}"));

        Assert.Contains(words, document.Faults[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelled_clusterwide_kind_closes_in_every_namespace() =>
        Assert.Equal("ds:in elsewhere:in", Closed(Snapshot("apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolcy\nmetadata: {name: p}\nspec: {endpointSelector: {matchLabels: {org: empire}}, ingress: [{}]}")));

    [Theory]
    [InlineData("apiVersion: cilium.io/v2\nKind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: default}\nspec: {endpointSelector: {}, ingress: [{}]}", "ds:in xw:in")]
    [InlineData("apiVersion: cilium.io/v2\nKind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec: {endpointSelector: {}, ingress: [{}]}", "ds:in elsewhere:in xw:in")]
    [InlineData("apiVersion: networking.k8s.io/v1\nmetadata: {name: p}\nspec: {podSelector: {}, policyTypes: [Egress]}", "ds:out xw:out")]
    public void Without_a_kind_it_closes_as_the_widest_that_it_may_be(string text, string closed)
    {
        var document = Assert.Single(Parse(text));

        Assert.Equal(closed, Closed(PolicySnapshot.Compile([document])));
        Assert.Contains(document.Faults, fault => fault.Reason.Contains("the kind is missing", StringComparison.Ordinal));
        Assert.Equal(text.Contains("Kind:", StringComparison.Ordinal), document.Faults.Any(fault => fault.Hint == "did you mean 'kind'?"));
    }

    [Theory]
    [InlineData("spec: {podSelector: {matchLabels: {class: deathstar}}, ingress: [{x: y}]}", "ds:in")]
    [InlineData("spec: {podSelector: {matchLabels: {class: deathstar}}, egress: [{x: y}]}", "ds:in ds:out")]
    [InlineData("spec: {podSelector: {matchLabels: {class: deathstar}}, policyTypes: [Egress], egress: [{x: y}]}", "ds:out")]
    [InlineData("spec: {podSelector: {matchLabels: {class: deathstar}}, policyTypes: [Egres], egress: [{}]}", "ds:in ds:out")]
    [InlineData("spec: {podSelector: {}, policyTypes: [Ingress, Egress], egress: [{x: y}]}", "ds:in ds:out xw:in xw:out")]
    [InlineData("spec: {podselector: {}}", "ds:in ds:out xw:in xw:out")]
    [InlineData("spec: {ingress: [{x: y}]}", "ds:in xw:in")]
    [InlineData("spec: {}\nspecs: []", "ds:in xw:in")]
    public void A_Kubernetes_policy_closes_what_it_selects(string spec, string closed) =>
        Assert.Equal(closed, Closed(Snapshot($"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p}}\n{spec}")));

    [Fact]
    public void Other_documents_of_the_file_stay_in_force_and_cannot_open_what_is_closed()
    {
        var good = OnDeathStar("[{fromEndpoints: [{}]}]", "good");
        var other = good.Replace("class: deathstar", "class: xwing", StringComparison.Ordinal);
        var bad = OnDeathStar("[{fromEndpoint: [{}]}]", "bad");
        var snapshot = Snapshot($"{good}\n---\n{bad}\n---\n{other}");
        var closed = snapshot.Ask(TieFighter);

        Assert.True(snapshot.Ask(TieFighter, subject: XWing).IsAllowed);
        Assert.Equal((VerdictReason.DocumentRefused, PolicyMatch.None), (closed.Reason, closed.Match));
        Assert.Equal([new RuleReference("CiliumNetworkPolicy", "default", "bad", "spec.ingress[0].fromEndpoint")], closed.Rules);
        Assert.True(snapshot.Ask(Identity.Host).IsAllowed);
    }

    [Fact]
    public void Its_own_annotation_does_not_put_a_refused_document_under_audit_and_its_namespace_s_does()
    {
        var refused = Parse("""
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: p, annotations: {node-proxy.dev/audit: 'true'}}
            spec: {endpointSelector: {}, ingress: [{x: y}]}
            """);
        var @namespace = new PolicyContext { AuditNamespaces = new HashSet<string> { "default" } };

        Assert.Equal(VerdictReason.DocumentRefused, PolicySnapshot.Compile(refused).Ask(TieFighter).Reason);
        Assert.Equal(VerdictReason.DocumentRefused, PolicySnapshot.Compile(refused, @namespace).Ask(TieFighter).Audit?.Reason);
    }

    private static string Closed(PolicySnapshot snapshot)
    {
        var subjects = new[] { "ds", "elsewhere", "xw" };
        var closed =
            from subject in subjects
            from direction in Enum.GetValues<Direction>()
            where snapshot.Ask(TieFighter, subject: Named(subject), direction: direction).Reason == VerdictReason.DocumentRefused
            select $"{subject}:{(direction == Direction.Ingress ? "in" : "out")}";
        return string.Join(' ', closed);
    }
}
