using System.Globalization;
using System.Text.Json.Nodes;

namespace Proxy.Policy.Tests.Reference;

/// <summary>Writes the spec of a NetworkPolicy, and has the small steps that all writing of trees takes.</summary>
internal static class NetworkPolicyManifest
{
    public static JsonObject Tree(NetworkPolicySpec spec) => new JsonObject { ["podSelector"] = Manifest.Tree(spec.PodSelector) }
        .With("policyTypes", spec.PolicyTypes?.Select(type => type.ToString()).ToList().Tree())
        .With("ingress", spec.Ingress?.Tree(item => Tree(item, "from")))
        .With("egress", spec.Egress?.Tree(item => Tree(item, "to")));

    /// <summary>Adds the key unless the value is null.</summary>
    public static JsonObject With(this JsonObject mapping, string key, JsonNode? value)
    {
        if (value is not null)
            mapping[key] = value;
        return mapping;
    }

    public static JsonArray Tree<T>(this IReadOnlyList<T> items, Func<T, JsonNode> tree) => new([.. items.Select(tree)]);

    public static JsonArray Tree(this IReadOnlyList<string> items) => items.Tree(item => (JsonNode)item);

    private static JsonObject Tree(NetworkPolicyItem item, string side) => new JsonObject()
        .With(side, item.Peers?.Tree(Tree))
        .With("ports", item.Ports?.Tree(Tree));

    private static JsonObject Tree(NetworkPolicyPeer peer) => new JsonObject()
        .With("podSelector", peer.Pods is { } pods ? Manifest.Tree(pods) : null)
        .With("namespaceSelector", peer.Namespaces is { } namespaces ? Manifest.Tree(namespaces) : null)
        .With("ipBlock", peer.Block is null ? null : new JsonObject { ["cidr"] = peer.Block }
            .With("except", peer.Except.Count == 0 ? null : peer.Except.Tree()));

    private static JsonObject Tree(NetworkPolicyPort port) => new JsonObject()
        .With("protocol", port.Protocol)
        .With("port", Number(port.Port))
        .With("endPort", port.EndPort);

    private static JsonNode? Number(string? port) =>
        int.TryParse(port, CultureInfo.InvariantCulture, out var number) ? number : port;
}
