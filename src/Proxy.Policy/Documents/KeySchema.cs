using System.Collections.Frozen;

namespace Proxy.Policy.Documents;

/// <summary>The keys of one kind of mapping: those that are read, and those that Cilium knows and this reader does not yet.</summary>
internal sealed class KeySchema(string[] known, string[] notYet)
{
    // Where a key belongs that stands in the wrong mapping.
    private static readonly FrozenDictionary<string, string> Homes = new Dictionary<string, string>
    {
        ["description"] = "spec",
        ["endpointSelector"] = "spec",
        ["nodeSelector"] = "spec",
        ["podSelector"] = "spec, or a peer",
        ["policyTypes"] = "spec",
        ["enableDefaultDeny"] = "spec",
        ["ingress"] = "spec",
        ["egress"] = "spec",
        ["ingressDeny"] = "spec",
        ["egressDeny"] = "spec",
        ["fromEndpoints"] = "an item of ingress",
        ["fromEntities"] = "an item of ingress",
        ["fromCIDR"] = "an item of ingress",
        ["fromCIDRSet"] = "an item of ingress",
        ["toEndpoints"] = "an item of egress",
        ["toEntities"] = "an item of egress",
        ["toCIDR"] = "an item of egress",
        ["toCIDRSet"] = "an item of egress",
        ["toServices"] = "an item of egress",
        ["toFQDNs"] = "an item of egress",
        ["from"] = "an item of ingress",
        ["to"] = "an item of egress",
        ["authentication"] = "an item of ingress",
        ["toPorts"] = "an item of ingress",
        ["icmps"] = "an item of ingress",
        ["ports"] = "an item of toPorts",
        ["rules"] = "an item of toPorts",
        ["fields"] = "an item of icmps",
        ["http"] = "rules",
        ["dns"] = "rules",
        ["method"] = "an item of http",
        ["path"] = "an item of http",
        ["host"] = "an item of http",
        ["headers"] = "an item of http",
        ["mode"] = "authentication",
        ["port"] = "an item of ports",
        ["protocol"] = "an item of ports",
        ["endPort"] = "an item of ports",
        ["cidr"] = "an item of fromCIDRSet or toCIDRSet, or ipBlock",
        ["except"] = "an item of fromCIDRSet or toCIDRSet, or ipBlock",
        ["matchLabels"] = "a selector",
        ["matchExpressions"] = "a selector",
        ["name"] = "metadata",
        ["namespace"] = "metadata",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static readonly KeySchema Root = new(["apiVersion", "kind", "metadata", "spec", "specs", "status"], []);

    public static readonly KeySchema RootOfOne = new(["apiVersion", "kind", "metadata", "spec", "status"], []);

    public static readonly KeySchema Metadata = new(
        [
            "name", "namespace", "labels", "annotations", "uid", "resourceVersion", "generation", "generateName",
            "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "ownerReferences",
            "finalizers", "selfLink",
        ],
        []);

    public static readonly KeySchema Rule = new(
        [
            "endpointSelector", "nodeSelector", "ingress", "egress", "ingressDeny", "egressDeny", "enableDefaultDeny",
            "labels", "description", "log",
        ],
        [])
    { Meant = new Dictionary<string, string> { ["podSelector"] = "endpointSelector" } };

    public static readonly KeySchema DefaultDeny = new(["ingress", "egress"], []);

    public static readonly KeySchema RuleLabel = new(["key", "value", "source"], []);

    public static readonly KeySchema Log = new(["value"], []);

    public static readonly KeySchema Ingress = new(
        [
            "fromEndpoints", "fromRequires", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes", "toPorts",
            "icmps", "authentication",
        ],
        []);

    public static readonly KeySchema Egress = new(
        [
            "toEndpoints", "toRequires", "toCIDR", "toCIDRSet", "toEntities", "toServices", "toGroups", "toNodes", "toFQDNs",
            "toPorts", "icmps", "authentication",
        ],
        []);

    public static readonly KeySchema IngressDeny = new(
        [
            "fromEndpoints", "fromRequires", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes", "toPorts",
            "icmps",
        ],
        [])
    { Elsewhere = ["authentication"], Why = "a deny item has no authentication" };

    public static readonly KeySchema EgressDeny = new(
        [
            "toEndpoints", "toRequires", "toCIDR", "toCIDRSet", "toEntities", "toServices", "toGroups", "toNodes", "toPorts",
            "icmps",
        ],
        [])
    { Elsewhere = ["authentication", "toFQDNs"], Why = "a deny item has no authentication and no toFQDNs" };

    public static readonly KeySchema Selector = new(["matchLabels", "matchExpressions"], []);

    public static readonly KeySchema Expression = new(["key", "operator", "values"], []);

    public static readonly KeySchema Authentication = new(["mode"], []);

    public static readonly KeySchema PortRule = new(
        ["ports", "rules", "serverNames", "terminatingTLS", "originatingTLS", "listener"], []);

    public static readonly KeySchema PortDenyRule = new(["ports"], [])
    {
        Elsewhere = ["rules", "serverNames", "terminatingTLS", "originatingTLS", "listener"],
        Why = "a deny item looks at peers and ports only",
    };

    public static readonly KeySchema Port = new(["port", "protocol", "endPort"], []);

    public static readonly KeySchema Requests = new(["http", "dns", "kafka", "l7proto", "l7"], []);

    public static readonly KeySchema Http = new(["method", "path", "host", "headers", "headerMatches"], []);

    public static readonly KeySchema HeaderMatch = new(["name", "value", "secret", "mismatch"], []);

    public static readonly KeySchema HeaderSecret = new(["name", "namespace"], []);

    /// <summary>Keys of the other sort of policies, Cilium's or Kubernetes', and what they are here.</summary>
    internal IReadOnlyDictionary<string, string> Meant { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>Keys that have a place in mappings of the same kind, and none here.</summary>
    private string[] Elsewhere { get; init; } = [];

    /// <summary>Why not.</summary>
    private string Why { get; init; } = "";

    /// <summary>Whether the schema has the key, read or not.</summary>
    public bool Knows(string key) => known.Contains(key) || notYet.Contains(key);

    /// <summary>A fault for each key that is not read.</summary>
    public void Check(ManifestMapping mapping, FaultLog faults)
    {
        foreach (var (key, _) in mapping.Entries)
        {
            if (notYet.Contains(key.Value))
                faults.Add(key, "the key is not supported yet");
            else if (!known.Contains(key.Value))
                faults.Add(key, $"unknown key '{ManifestText.Show(key.Value)}'", faults.IsFull ? "" : HintFor(key.Value));
        }
    }

    private string HintFor(string key)
    {
        if (Elsewhere.Contains(key))
            return Why;

        if (Meant.TryGetValue(key, out var meant))
            return $"did you mean '{meant}'?";

        if (Spelling.Nearest(key, known.Concat(notYet)) is { } nearest)
            return $"did you mean '{nearest}'?";

        if (Homes.TryGetValue(key, out var home))
            return $"'{key}' belongs under {home}";

        return ReferenceEquals(this, Selector) ? "labels belong under matchLabels" : "";
    }
}
