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
        ["ingress"] = "spec",
        ["egress"] = "spec",
        ["fromEndpoints"] = "an item of ingress",
        ["authentication"] = "an item of ingress",
        ["toPorts"] = "an item of ingress",
        ["ports"] = "an item of toPorts",
        ["rules"] = "an item of toPorts",
        ["http"] = "rules",
        ["method"] = "an item of http",
        ["path"] = "an item of http",
        ["mode"] = "authentication",
        ["port"] = "an item of ports",
        ["protocol"] = "an item of ports",
        ["matchLabels"] = "a selector",
        ["name"] = "metadata",
        ["namespace"] = "metadata",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static readonly KeySchema Root = new(["apiVersion", "kind", "metadata", "spec", "specs", "status"], []);

    public static readonly KeySchema Metadata = new(
        [
            "name", "namespace", "labels", "annotations", "uid", "resourceVersion", "generation", "generateName",
            "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "ownerReferences",
            "finalizers", "selfLink",
        ],
        []);

    public static readonly KeySchema Rule = new(
        ["endpointSelector", "ingress", "description"],
        ["egress", "ingressDeny", "egressDeny", "enableDefaultDeny", "nodeSelector", "labels", "log"]);

    // Of a NetworkPolicy, which is refused: what it closes is read with these.
    public static readonly KeySchema KubernetesRule = new(["podSelector", "policyTypes", "ingress", "egress"], []);

    public static readonly KeySchema Ingress = new(
        ["fromEndpoints", "toPorts", "authentication"],
        ["fromRequires", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes", "icmps"]);

    public static readonly KeySchema Selector = new(["matchLabels", "matchExpressions"], []);

    public static readonly KeySchema Expression = new(["key", "operator", "values"], []);

    public static readonly KeySchema Authentication = new(["mode"], []);

    public static readonly KeySchema PortRule = new(
        ["ports", "rules"], ["serverNames", "terminatingTLS", "originatingTLS", "listener"]);

    public static readonly KeySchema Port = new(["port", "protocol"], ["endPort"]);

    public static readonly KeySchema Requests = new(["http"], ["dns", "kafka", "l7proto", "l7"]);

    public static readonly KeySchema Http = new(["method", "path", "host", "headers", "headerMatches"], []);

    public static readonly KeySchema HeaderMatch = new(["name", "value", "secret", "mismatch"], []);

    public static readonly KeySchema HeaderSecret = new(["name", "namespace"], []);

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
                faults.Add(key, $"unknown key '{ManifestText.Show(key.Value)}'", HintFor(key.Value));
        }
    }

    private string HintFor(string key)
    {
        if (Spelling.Nearest(key, known.Concat(notYet)) is { } nearest)
            return $"did you mean '{nearest}'?";

        if (Homes.TryGetValue(key, out var home))
            return $"'{key}' belongs under {home}";

        return ReferenceEquals(this, Selector) ? "labels belong under matchLabels" : "";
    }
}
