using System.Text;
using System.Text.Json.Nodes;
using Proxy.Policy.Tests.Reference;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>Manifests of what a drawn cluster has beside pods and namespaces.</summary>
internal static class ClusterText
{
    public static string Write(Scenario scenario)
    {
        var cluster = scenario.Cluster;
        IEnumerable<JsonNode> objects =
        [
            .. cluster.Services.Select(Service), .. cluster.Services.SelectMany(Slices), .. cluster.Groups.Select(Group), .. cluster.Secrets.Select(Secret),
        ];
        return string.Join("---\n", objects.Select(YamlText.Write).Append(Manifest.Write(scenario.Documents)));
    }

    private static JsonObject Service(ClusterService service) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = service.Name, ["namespace"] = service.Namespace, ["labels"] = Labels(service.Labels) },
        ["spec"] = new JsonObject { ["clusterIP"] = "None" }.With("selector", service.Selector is { } selector ? Labels(selector) : null),
    };

    // One for each address: a slice has one family.
    private static IEnumerable<JsonObject> Slices(ClusterService service) => service.Addresses.Select((address, i) => new JsonObject
    {
        ["apiVersion"] = "discovery.k8s.io/v1",
        ["kind"] = "EndpointSlice",
        ["metadata"] = new JsonObject
        {
            ["name"] = $"{service.Name}-{i}",
            ["namespace"] = service.Namespace,
            ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = service.Name },
        },
        ["addressType"] = address.Contains(':') ? "IPv6" : "IPv4",
        ["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(address) }),
    });

    private static JsonObject Group(AddressGroup group) => new()
    {
        ["apiVersion"] = "cilium.io/v2",
        ["kind"] = "CiliumCIDRGroup",
        ["metadata"] = new JsonObject { ["name"] = group.Name, ["labels"] = Labels(group.Labels) },
        ["spec"] = new JsonObject { ["externalCIDRs"] = group.Cidrs.Tree() },
    };

    // Without a value: two entries, of which none is the one.
    private static JsonObject Secret(ClusterSecret secret) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Secret",
        ["metadata"] = new JsonObject { ["name"] = secret.Name, ["namespace"] = secret.Namespace },
        ["data"] = secret.Value is { } value ? new JsonObject { ["only"] = Encoded(value) } : new JsonObject { ["one"] = Encoded("1"), ["other"] = Encoded("2") },
    };

    private static string Encoded(string value) => Convert.ToBase64String(Encoding.UTF8.GetBytes(value));

    private static JsonObject Labels(IReadOnlyDictionary<string, string> labels) =>
        new(labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value)));
}
