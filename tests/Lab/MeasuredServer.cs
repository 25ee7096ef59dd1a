namespace Lab;

/// <summary>The server of the labs that measure: opaque on one port, judged request by request on the other.</summary>
internal static class MeasuredServer
{
    /// <summary>Admits authenticated clients, on port 80 to GET of this path only.</summary>
    public static string Policy(string path) => $$"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: server
          namespace: default
        spec:
          endpointSelector:
            matchLabels:
              app: server
          ingress:
            - fromEndpoints:
                - matchLabels:
                    app: client
              authentication:
                mode: required
              toPorts:
                - ports:
                    - port: "9000"
                      protocol: TCP
                - ports:
                    - port: "80"
                      protocol: TCP
                  rules:
                    http:
                      - method: GET
                        path: {{path}}
        """;
}
