namespace Proxy.Policy.Documents;

/// <summary>Makes policy documents out of manifests. Never throws for what a manifest contains.</summary>
public static class PolicyParser
{
    internal const string CiliumGroup = "cilium.io";
    internal const string CiliumVersion = "cilium.io/v2";
    internal const string Namespaced = "CiliumNetworkPolicy";
    internal const string Clusterwide = "CiliumClusterwideNetworkPolicy";
    internal const string Kubernetes = "NetworkPolicy";

    private static readonly string[] CiliumKinds = [Namespaced, Clusterwide];
    private static readonly string[] KubernetesGroups = ["networking.k8s.io", "extensions"];

    /// <summary>
    /// Whether a document is for <see cref="Parse"/>. Wrong versions and misspelled kinds are too: refused with a fault
    /// they close what they select, ignored they would leave it open.
    /// </summary>
    public static bool IsPolicyKind(string apiVersion, string kind)
    {
        ArgumentNullException.ThrowIfNull(apiVersion);
        ArgumentNullException.ThrowIfNull(kind);
        if (CiliumKinds.Contains(kind))
            return true;

        var group = apiVersion.Split('/')[0];
        return group == CiliumGroup
            ? Spelling.Nearest(kind, CiliumKinds) is not null
            : KubernetesGroups.Contains(group) && Spelling.IsNear(kind, Kubernetes);
    }

    /// <summary>Reads one policy document, whatever its kind; what cannot be read is refused.</summary>
    public static PolicyDocument Parse(ManifestDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var reading = new PolicyReading(document);
        return reading.Read();
    }
}
