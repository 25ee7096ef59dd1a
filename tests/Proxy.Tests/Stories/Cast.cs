using System.Collections.Frozen;
using System.Text;
using Proxy.Cluster;
using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tests.Tls;

namespace Proxy.Tests.Stories;

/// <summary>Workloads on two nodes, the policies over them, and snapshots of both.</summary>
internal static class Cast
{
    public const string ThisNode = "node1";
    public const string OtherNode = "node2";
    public const ushort Port = 8080;

    public const string RequireAuthentication = "authentication: {mode: required}";

    public static Address AddressOf(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);

    public static Workload Pod(
        string app, string address, string node = ThisNode, EnrolmentMode mode = EnrolmentMode.Enabled, string? uid = null, string? account = null,
        bool isDisputed = false, IReadOnlyList<Address>? addresses = null)
    {
        var labels = new Dictionary<string, string> { ["app"] = app };
        return new Workload
        {
            Uid = uid ?? app,
            Namespace = "default",
            Name = app,
            ServiceAccount = account ?? app,
            NodeName = node,
            Addresses = addresses ?? [AddressOf(address)],
            Labels = labels,
            Mode = mode,
            IsHostNetwork = false,
            NetworkNamespace = null,
            Identity = Identity.ForPod("default", account ?? app, labels, []),
            ExpectedId = SpiffeId.Parse($"spiffe://cluster.local/ns/default/sa/{account ?? app}"),
            Owners = [],
            IsDisputed = isDisputed,
        };
    }

    /// <summary>A machine outside the cluster.</summary>
    public static Workload Machine(string app, string address, WireForm form, SpiffeId id, params (TransportProtocol, ushort)[] ports)
    {
        var labels = new Dictionary<string, string> { ["app"] = app };
        return new Workload
        {
            Uid = $"external/default/{app}",
            Namespace = "default",
            Name = app,
            ServiceAccount = "",
            NodeName = "",
            Addresses = [AddressOf(address)],
            Labels = labels,
            Mode = EnrolmentMode.Disabled,
            External = new ExternalSpec(form, ports),
            IsHostNetwork = false,
            NetworkNamespace = null,
            Identity = Identity.ForExternal("default", labels, []),
            ExpectedId = id,
            Owners = [],
        };
    }

    /// <summary>Ingress of "server" from "client" only, at the port.</summary>
    public static string ServerAdmitsClient(string more = "", string ports = "") => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: admits-client, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: server} }
          ingress:
            - fromEndpoints: [{matchLabels: {app: client} }]
              {{more}}
              {{ports}}
        """;

    /// <summary>Egress of "client" to everybody, at the port.</summary>
    public static string ClientMayAsk(string ports) => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: may-ask, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: client} }
          egress:
            - {{ports}}
        """;

    /// <summary>Only GET /open, in the form of a port list with rules.</summary>
    public static string OnlyOpen(ushort port) =>
        $$"""toPorts: [{ports: [{port: "{{port}}", protocol: TCP} ], rules: {http: [{method: GET, path: /open}] } }]""";

    public static ClusterSnapshot ClusterOf(string policies, params Workload[] workloads) => new()
    {
        Workloads = workloads,
        Addresses = workloads.SelectMany(pod => pod.Addresses.Select(address => (address, pod))).ToFrozenDictionary(pair => pair.address, pair => pair.pod),
        PodCidrs = [CidrOf("10.0.0.0/16")],
        Policies = PoliciesOf(policies),
    };

    public static ClusterSnapshot WithService(this ClusterSnapshot cluster, string clusterIp, params (string Address, ushort Port)[] endpoints) => new()
    {
        Workloads = cluster.Workloads,
        Addresses = cluster.Addresses,
        PodCidrs = cluster.PodCidrs,
        Policies = cluster.Policies,
        ServiceAddresses = [.. new[] { AddressOf(clusterIp) }],
        Services = new Dictionary<ServicePort, ServiceTarget>
        {
            [new ServicePort(AddressOf(clusterIp), 80)] = new ServiceTarget
            {
                Namespace = "default",
                Name = "web",
                Endpoints = [.. endpoints.Select(endpoint => new ServiceEndpoint(AddressOf(endpoint.Address), endpoint.Port))],
            },
        }.ToFrozenDictionary(),
    };

    public static IdentitySnapshot Identities(TestPki pki, params (string Uid, X509Svid Svid)[] svids) => Identities(pki.Bundle, svids);

    public static IdentitySnapshot Identities(TrustBundle bundle, params (string Uid, X509Svid Svid)[] svids) =>
        Identities(bundle, TimeProvider.System, svids);

    public static IdentitySnapshot Identities(TrustBundle bundle, TimeProvider time, params (string Uid, X509Svid Svid)[] svids) =>
        new(1, svids.Select(pair => KeyValuePair.Create(pair.Uid, new WorkloadIdentity([pair.Svid], []))), [bundle], time);

    private static PolicySnapshot PoliciesOf(string text)
    {
        if (text.Length == 0)
            return PolicySnapshot.Empty;
        var file = ManifestReader.Read("test.yaml", Encoding.UTF8.GetBytes(text));
        Assert.Empty(file.Faults);
        var documents = file.Documents.Select(PolicyParser.Parse).ToList();
        Assert.All(documents, document => Assert.False(document.IsRefused, string.Join('\n', document.Faults)));
        return PolicySnapshot.Compile(documents);
    }

    private static Cidr CidrOf(string text) => Cidr.TryParse(text, out var cidr) ? cidr : throw new FormatException(text);
}
