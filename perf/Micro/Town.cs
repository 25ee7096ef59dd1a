using System.Globalization;
using System.Text;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;

namespace Proxy.Micro;

/// <summary>
/// A cluster of 20,000 workloads with 1,000 identities in 50 namespaces, 200 of the workloads local, and 2,000 policies:
/// ingress and egress, HTTP rules, denies, addresses and some for the whole cluster.
/// </summary>
internal sealed class Town
{
    public const int Namespaces = 50;
    public const int Apps = 20;
    public const int Policies = 2000;
    public const int LocalWorkloads = 200;
    public const int Replicas = 20;

    private Town()
    {
        Identities = [.. Enumerable.Range(0, Namespaces * Apps).Select(i => App(i / Apps, i % Apps))];
        Workloads = [.. Enumerable.Range(0, Identities.Length * Replicas).Select(i => Identities[i % Identities.Length])];
        Local = [.. Enumerable.Range(0, LocalWorkloads).Select(i => Identities[i * 37 % Identities.Length])];
        Documents = [.. Enumerable.Range(0, Policies).Select(i => Parse(Text(i, 80)))];
    }

    public static Town Made { get; } = new();

    public Identity[] Identities { get; }

    /// <summary>The identity of each workload.</summary>
    public Identity[] Workloads { get; }

    /// <summary>The identities of the workloads of this node.</summary>
    public Identity[] Local { get; }

    public PolicyDocument[] Documents { get; }

    public static Identity App(int space, int app, string version = "v1") => Identity.ForPod(
        Name("ns", space),
        Name("sa", app),
        [KeyValuePair.Create("app", Name("app", app)), KeyValuePair.Create("tier", Name("tier", app % 4)), KeyValuePair.Create("version", version)],
        [KeyValuePair.Create("kubernetes.io/metadata.name", Name("ns", space)), KeyValuePair.Create("team", Name("team", space % 10))]);

    /// <summary>All documents, with another version of one of them.</summary>
    public PolicyDocument[] WithChanged(int index, int port)
    {
        var changed = Documents.ToArray();
        changed[index] = Parse(Text(index, port));
        return changed;
    }

    /// <summary>Everything that this node asks: its pods as servers and clients, and the servers that they may dial.</summary>
    public void Prepare(PolicySnapshot snapshot)
    {
        snapshot.Prepare(Direction.Ingress, Identities);
        snapshot.Prepare(Direction.Egress, Local);
    }

    /// <summary>Every local pod as client of everyone, and as server of everyone; counts what passes.</summary>
    public int AskEverything(PolicySnapshot snapshot)
    {
        var allowed = 0;
        foreach (var local in Local)
        {
            foreach (var other in Identities)
            {
                allowed += Ask(snapshot, Direction.Egress, local, other) && Ask(snapshot, Direction.Ingress, other, local) ? 1 : 0;
                allowed += Ask(snapshot, Direction.Ingress, local, other) ? 1 : 0;
            }
        }

        return allowed;
    }

    public static PolicyDocument Parse(string text)
    {
        var document = PolicyParser.Parse(ManifestReader.Read("town.yaml", Encoding.UTF8.GetBytes(text)).Documents.Single());
        return document.IsRefused ? throw new InvalidOperationException(document.Faults[0].ToString()) : document;
    }

    public static string Name(string kind, int number) => string.Create(CultureInfo.InvariantCulture, $"{kind}-{number}");

    private static bool Ask(PolicySnapshot snapshot, Direction direction, Identity subject, Identity peer) =>
        snapshot.Decide(new ConnectionFacts(direction, subject, peer, TransportProtocol.Tcp, 80, PeerAuthentication.Authenticated)).IsAllowed;

    // Forty for each namespace: two for each of its apps.
    private static string Text(int index, int port)
    {
        var (space, app) = (index % Namespaces, index / Namespaces % Apps);
        var isSecond = index / Namespaces >= Apps;
        return index % 100 == 99 ? ForTheCluster(index, app) : isSecond ? Plain(index, space, app, port) : WithHttp(index, space, app, port);
    }

    private static string WithHttp(int index, int space, int app, int port) => string.Create(CultureInfo.InvariantCulture, $$$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p-{{{index}}}, namespace: ns-{{{space}}}}
        spec:
          endpointSelector: {matchLabels: {app: app-{{{app}}}}}
          ingress:
          - fromEndpoints: [{matchLabels: {app: app-{{{(app + 1) % Apps}}}}}, {matchLabels: {app: app-{{{(app + 2) % Apps}}}}}]
            toPorts:
            - ports: [{port: "{{{port}}}", protocol: TCP}]
              rules: {http: [{method: GET, path: "/api/{{{index}}}"}, {method: POST, path: "/api/{{{index}}}/[0-9]+"}]}
          - fromEndpoints: [{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}, {key: tier, operator: In, values: [tier-0, tier-1]}]}]
            authentication: {mode: required}
            toPorts: [{ports: [{port: "8443", protocol: TCP}]}]
        """);

    private static string Plain(int index, int space, int app, int port) => string.Create(CultureInfo.InvariantCulture, $$$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p-{{{index}}}, namespace: ns-{{{space}}}}
        spec:
          endpointSelector: {matchLabels: {app: app-{{{app}}}}}
          ingressDeny:
          - fromEndpoints: [{matchLabels: {app: app-{{{(app + 5) % Apps}}}}}]
          egress:
          - toEndpoints: [{matchLabels: {tier: tier-{{{app % 4}}}}}]
            toPorts: [{ports: [{port: "{{{port}}}", protocol: TCP}, {port: "9000", endPort: 9100, protocol: TCP}]}]
          - toCIDRSet: [{cidr: 10.{{{index % 200}}}.0.0/16, except: [10.{{{index % 200}}}.7.0/24]}]
          - toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": ns-0, app: app-0}}]
            toPorts: [{ports: [{port: "53", protocol: ANY}]}]
        """);

    private static string ForTheCluster(int index, int app) => string.Create(CultureInfo.InvariantCulture, $$$"""
        apiVersion: cilium.io/v2
        kind: CiliumClusterwideNetworkPolicy
        metadata: {name: c-{{{index}}}}
        spec:
          endpointSelector: {matchLabels: {app: app-{{{app}}}}}
          ingress:
          - fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": team-{{{index / 100 % 10}}}}}]
            toPorts: [{ports: [{port: "9090", protocol: TCP}]}]
        """);
}
