using Proxy.Spiffe.DelegatedIdentity.Protocol;

namespace Proxy.Spiffe.DelegatedIdentity;

/// <summary>
/// A workload as selectors of SPIRE's Kubernetes attestor. All that is known is given, because an entry matches
/// when its own selectors are among them.
/// </summary>
internal static class WorkloadSelectors
{
    public static SubscribeToX509SVIDsRequest CreateRequest(WorkloadReference workload)
    {
        var request = new SubscribeToX509SVIDsRequest();
        Add(request, "ns", workload.Namespace);
        Add(request, "sa", workload.ServiceAccount);
        Add(request, "pod-name", workload.Name);
        Add(request, "pod-uid", workload.Uid);
        Add(request, "node-name", workload.NodeName);
        foreach (var (key, value) in workload.Labels.OrderBy(label => label.Key, StringComparer.Ordinal))
            Add(request, "pod-label", $"{key}:{value}");
        return request;
    }

    // An empty value would say something about the workload that nobody knows.
    private static void Add(SubscribeToX509SVIDsRequest request, string kind, string value)
    {
        if (value.Length > 0)
            request.Selectors.Add(new Selector { Type = "k8s", Value = $"{kind}:{value}" });
    }
}
