namespace Proxy.Tests.Cluster;

/// <summary>Texts of manifests.</summary>
internal static class Manifests
{
    public const string Enrolled = """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: default
          labels: {team: ships}
          annotations: {node-proxy.dev/mode: enabled}
        """;

    public static string Pod(
        string name, string ip, string labels = "{app: web}", string account = "web", string metadata = "", string spec = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{name}}
          namespace: default
          labels: {{labels}}
          {{metadata}}
        spec:
          nodeName: node1
          serviceAccountName: {{account}}
          {{spec}}
        status:
          podIPs: [{ip: {{ip}}}]
        """;

    public static string Policy(string name, string app = "web") => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: {{name}}, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: {{app}} } }
          ingress:
            - fromEndpoints: [{matchLabels: {app: client} }]
        """;

    /// <summary>Readable YAML that is no policy.</summary>
    public static string BrokenPolicy(string name) => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: {{name}}, namespace: default}
        spec:
          endpointSelector: [app, web]
          ingress: nothing
        """;

    public static string Service(string name, string clusterIp, string ports, string more = "") => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{name}}, namespace: default}
        spec:
          clusterIP: {{clusterIp}}
          ports: {{ports}}
          {{more}}
        """;

    public static string Slice(string name, string service, string endpoints, string ports, string type = "IPv4") => $$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: {{name}}, namespace: default, labels: {kubernetes.io/service-name: {{service}} } }
        addressType: {{type}}
        endpoints: {{endpoints}}
        ports: {{ports}}
        """;
}
