using System.Text.Json.Nodes;

namespace Proxy.Policy.Tests.Reference;

/// <summary>Writes documents as their author would.</summary>
internal static class Manifest
{
    public static string Write(IEnumerable<Document> documents) =>
        string.Join("---\n", documents.Select(document => YamlText.Write(Tree(document))));

    private static JsonObject Tree(Document document) => new JsonObject
    {
        ["apiVersion"] = document.Kind == DocumentKind.Kubernetes ? "networking.k8s.io/v1" : "cilium.io/v2",
        ["kind"] = document.Kind switch
        {
            DocumentKind.Namespaced => "CiliumNetworkPolicy",
            DocumentKind.Clusterwide => "CiliumClusterwideNetworkPolicy",
            _ => "NetworkPolicy",
        },
        ["metadata"] = Metadata(document),
    }
        .With("spec", document.Spec is { } spec ? NetworkPolicyManifest.Tree(spec) : Specs(document, "spec").FirstOrDefault())
        .With("specs", Specs(document, "specs") is { Count: > 0 } specs ? new JsonArray([.. specs]) : null);

    private static List<JsonNode> Specs(Document document, string key) =>
        [.. document.Rules.Where((_, i) => document.PathOf(i).Split('[')[0] == key).Select(rule => Break(Tree(rule), document))];

    private static JsonObject Break(JsonObject rule, Document document)
    {
        if (document.IsBroken && rule.Select(entry => entry.Value).OfType<JsonArray>().FirstOrDefault() is [JsonObject item, ..])
            item["bogus"] = true;
        return rule;
    }

    private static JsonObject Metadata(Document document)
    {
        var annotations = new JsonObject();
        if (document.IsAudit)
            annotations["node-proxy.dev/audit"] = "true";
        if (document.IgnoresQuery)
            annotations["node-proxy.dev/ignore-query"] = "true";
        return new JsonObject { ["name"] = document.Name }
            .With("namespace", document.Kind == DocumentKind.Clusterwide ? null : document.Namespace)
            .With("annotations", annotations.Count == 0 ? null : annotations);
    }

    private static JsonObject Tree(Rule rule) => new JsonObject { ["endpointSelector"] = Tree(rule.Subject) }
        .With("enableDefaultDeny", DefaultDeny(rule))
        .With("ingress", rule.Ingress?.Tree(item => Tree(item, "from")))
        .With("ingressDeny", rule.IngressDeny?.Tree(item => Tree(item, "from")))
        .With("egress", rule.Egress?.Tree(item => Tree(item, "to")))
        .With("egressDeny", rule.EgressDeny?.Tree(item => Tree(item, "to")));

    private static JsonObject? DefaultDeny(Rule rule) =>
        rule.IngressDefaultDeny is null && rule.EgressDefaultDeny is null
            ? null
            : new JsonObject().With("ingress", rule.IngressDefaultDeny).With("egress", rule.EgressDefaultDeny);

    private static JsonObject Tree(Item item, string side) => new JsonObject()
        .With(side + item.Peers?.Key, item.Peers is { } peers ? Tree(peers) : null)
        .With("authentication", item.Mode is null ? null : new JsonObject { ["mode"] = item.Mode })
        .With("icmps", item.Icmps is null ? null : new JsonArray(new JsonObject { ["fields"] = item.Icmps.Tree(Tree) }))
        .With("toPorts", item.ToPorts?.Tree(Tree));

    private static JsonArray Tree(Peers peers) => peers switch
    {
        EndpointPeers endpoints => endpoints.Selectors.Tree(Tree),
        EntityPeers entities => entities.Entities.Tree(),
        CidrPeers cidrs => cidrs.Cidrs.Tree(),
        CidrSetPeers set => set.Entries.Tree(Tree),
        ServicePeers services => services.Services.Tree(Tree),
        UnsupportedPeers { Member: "Groups" } => new JsonArray(new JsonObject { ["aws"] = new JsonObject { ["region"] = "eu-west-1" } }),
        _ => new JsonArray(new JsonObject { ["matchLabels"] = new JsonObject { ["role"] = "worker" } }),
    };

    private static JsonObject Tree(CidrEntry entry) => new JsonObject()
        .With("cidr", entry.Cidr)
        .With("cidrGroupRef", entry.GroupName)
        .With("cidrGroupSelector", entry.GroupSelector is { } selector ? Tree(selector) : null)
        .With("except", entry.Except.Count == 0 ? null : entry.Except.Tree());

    private static JsonObject Tree(ServiceReference service) => service.Selector is { } selector
        ? new JsonObject { ["k8sServiceSelector"] = new JsonObject { ["selector"] = Tree(selector) }.With("namespace", service.Namespace) }
        : new JsonObject { ["k8sService"] = new JsonObject { ["serviceName"] = service.Name }.With("namespace", service.Namespace) };

    private static JsonObject Tree(PortRule rule) => new JsonObject { ["ports"] = rule.Ports.Tree(Tree) }
        .With("rules", rule.Http is null ? null : new JsonObject { ["http"] = rule.Http.Tree(Tree) });

    private static JsonObject Tree(Port port) =>
        new JsonObject { ["port"] = port.Text }.With("endPort", port.EndPort).With("protocol", port.Protocol);

    private static JsonObject Tree(IcmpField field) =>
        new JsonObject().With("family", field.Family).With("type", char.IsDigit(field.Text[0]) ? field.Type : field.Text);

    private static JsonObject Tree(HttpRule rule) => new JsonObject()
        .With("method", rule.Method)
        .With("path", rule.Path)
        .With("host", rule.Host)
        .With("headers", rule.Headers.Count == 0 ? null : rule.Headers.Tree())
        .With("headerMatches", rule.HeaderMatches.Count == 0 ? null : rule.HeaderMatches.Tree(Tree));

    private static JsonObject Tree(HeaderMatch match) => new JsonObject { ["name"] = match.Name }
        .With("value", match.Value)
        .With("mismatch", match.Mismatch)
        .With("secret", match.Secret is { } secret ? new JsonObject { ["namespace"] = secret.Namespace, ["name"] = secret.Name } : null);

    internal static JsonObject Tree(Selector selector)
    {
        JsonObject labels = [];
        foreach (var label in selector.Requirements.Where(requirement => requirement.IsLabel))
            labels[label.Key] = label.Values[0];
        var expressions = selector.Requirements.Where(requirement => !requirement.IsLabel).ToList();
        return new JsonObject()
            .With("matchLabels", labels.Count == 0 ? null : labels)
            .With("matchExpressions", expressions.Count == 0 ? null : expressions.Tree(Tree));
    }

    private static JsonObject Tree(Requirement requirement) =>
        new JsonObject { ["key"] = requirement.Key, ["operator"] = requirement.Operator.ToString() }
            .With("values", requirement.Values.Count == 0 ? null : requirement.Values.Tree());
}
