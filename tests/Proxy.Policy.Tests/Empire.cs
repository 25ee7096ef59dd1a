using System.Text;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;

namespace Proxy.Policy.Tests;

/// <summary>The ships of the scenario, and short ways to ask.</summary>
internal static class Empire
{
    public static readonly Identity DeathStar = Pod("default", "deathstar", ("org", "empire"), ("class", "deathstar"));
    public static readonly Identity TieFighter = Pod("default", "tiefighter", ("org", "empire"), ("class", "tiefighter"));
    public static readonly Identity XWing = Pod("default", "xwing", ("org", "alliance"), ("class", "xwing"));
    public static readonly Identity Elsewhere = Pod("other", "tiefighter", ("org", "empire"), ("class", "tiefighter"));

    public const string StarWars = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: sw, namespace: default}
        spec:
          endpointSelector:
            matchLabels: {org: empire, class: deathstar}
          ingress:
          - fromEndpoints:
            - matchLabels: {org: empire}
            toPorts:
            - ports:
              - {port: "80", protocol: TCP}
              rules:
                http:
                - {method: POST, path: /v1/request-landing}
        """;

    public static string StarWarsRequired { get; } =
        StarWars.Replace("    toPorts:", "    authentication: {mode: required}\n    toPorts:", StringComparison.Ordinal);

    public static Identity Pod(string @namespace, string account, params (string Key, string Value)[] labels) =>
        Identity.ForPod(@namespace, account, labels.Select(label => KeyValuePair.Create(label.Key, label.Value)),
            [KeyValuePair.Create("kubernetes.io/metadata.name", @namespace)]);

    public static Identity Named(string name) => name switch
    {
        "tie" => TieFighter,
        "xw" => XWing,
        "ds" => DeathStar,
        "elsewhere" => Elsewhere,
        "world" => Identity.World,
        "host" => Identity.Host,
        "remote-node" => Identity.RemoteNode,
        "unknown" => Identity.Unknown,
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    /// <summary>A policy on the death star with these items of ingress, in YAML flow style.</summary>
    public static string OnDeathStar(string items, string name = "p") => $$$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: {{{name}}}, namespace: default}
        spec:
          endpointSelector: {matchLabels: {class: deathstar}}
          ingress: {{{items}}}
        """;

    public static ManifestFile Read(string text) => ManifestReader.Read("test.yaml", Encoding.UTF8.GetBytes(text));

    public static IReadOnlyList<PolicyDocument> Parse(params string[] texts) =>
        [.. texts.SelectMany(text => ReadWhole(text)).Select(PolicyParser.Parse)];

    public static PolicySnapshot Snapshot(params string[] texts) => PolicySnapshot.Compile(Parse(texts));

    public static Verdict Ask(
        this PolicySnapshot snapshot,
        Identity peer,
        ushort port = 80,
        PeerAuthentication authentication = PeerAuthentication.NotYetKnown,
        Identity? subject = null,
        TransportProtocol protocol = TransportProtocol.Tcp,
        Direction direction = Direction.Ingress) =>
        snapshot.Decide(new ConnectionFacts(direction, subject ?? DeathStar, peer, protocol, port, authentication));

    /// <summary>pass, 403 or drop.</summary>
    public static string Request(this Verdict verdict, string method, string target)
    {
        if (!verdict.IsAllowed)
            return "drop";

        if (verdict.Http is null)
            return "pass";

        var facts = new RequestFacts(Encoding.Latin1.GetBytes(method), Encoding.Latin1.GetBytes(target), "deathstar"u8);
        return verdict.Http.Decide(facts).IsAllowed ? "pass" : "403";
    }

    private static IReadOnlyList<ManifestDocument> ReadWhole(string text)
    {
        var file = Read(text);
        Assert.Empty(file.Faults);
        return file.Documents;
    }
}
