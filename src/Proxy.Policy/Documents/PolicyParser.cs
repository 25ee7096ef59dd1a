namespace Proxy.Policy.Documents;

/// <summary>Makes policy documents out of manifests. Never throws for what a manifest contains.</summary>
public static class PolicyParser
{
    internal const string CiliumGroup = "cilium.io";
    internal const string CiliumVersion = "cilium.io/v2";
    internal const string KubernetesVersion = "networking.k8s.io/v1";
    internal const string Namespaced = "CiliumNetworkPolicy";
    internal const string Clusterwide = "CiliumClusterwideNetworkPolicy";
    internal const string Kubernetes = "NetworkPolicy";
    internal const string CidrGroup = "CiliumCIDRGroup";

    private static readonly string[] CiliumKinds = [Namespaced, Clusterwide];
    private const string KubernetesGroup = "networking.k8s.io";

    /// <summary>
    /// Whether a document is for <see cref="Parse"/>. Wrong versions and misspelled kinds are too, and documents without a
    /// kind in a group that has policies: refused with a fault they close what they select, ignored they would leave it open.
    /// </summary>
    public static bool IsPolicyKind(string apiVersion, string kind)
    {
        ArgumentNullException.ThrowIfNull(apiVersion);
        ArgumentNullException.ThrowIfNull(kind);
        if (CiliumKinds.Contains(kind))
            return true;

        var group = GroupOf(apiVersion);
        if (kind.Length == 0)
            return group is CiliumGroup or KubernetesGroup;

        return group == CiliumGroup ? IsNearCilium(kind) : MayBeKubernetes(group) && Spelling.IsNear(kind, Kubernetes);
    }

    // Nothing else of the group has such a name.
    private static bool IsNearCilium(string kind) =>
        Spelling.Nearest(kind, CiliumKinds) is not null || kind.Contains("NetworkPolic", StringComparison.OrdinalIgnoreCase);

    // Other projects have a NetworkPolicy of their own, in groups that are domains of theirs.
    private static bool MayBeKubernetes(string group) =>
        !group.Contains('.', StringComparison.Ordinal) || group.EndsWith(".k8s.io", StringComparison.Ordinal) || Spelling.IsNear(group, KubernetesGroup);

    /// <summary>Whether a document is for <see cref="ParseCidrGroup"/>, wrong versions and misspelled kinds included.</summary>
    public static bool IsCidrGroupKind(string apiVersion, string kind)
    {
        ArgumentNullException.ThrowIfNull(apiVersion);
        ArgumentNullException.ThrowIfNull(kind);
        return kind == CidrGroup || (GroupOf(apiVersion) == CiliumGroup && Spelling.IsNear(kind, CidrGroup));
    }

    /// <summary>Reads one policy document, whatever its kind; what cannot be read is refused.</summary>
    public static PolicyDocument Parse(ManifestDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var reading = new PolicyReading(document);
        return reading.Read();
    }

    /// <summary>Reads one group of ranges; what cannot be read is refused.</summary>
    public static CidrGroup ParseCidrGroup(ManifestDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var reading = new CidrGroupReading(document);
        return reading.Read();
    }

    /// <summary>The kind of policy that it has, or that was probably meant.</summary>
    internal static string MeantKind(ManifestDocument document)
    {
        if (document.Kind is Namespaced or Clusterwide or Kubernetes)
            return document.Kind;

        if (GroupOf(document.ApiVersion) != CiliumGroup)
            return Kubernetes;

        // One of the cluster has no namespace; nor has one that is in "default".
        if (document.Kind.Length == 0)
            return document.Namespace.Length == 0 ? Clusterwide : Namespaced;

        return Spelling.Nearest(document.Kind, CiliumKinds)
            ?? (document.Kind.Contains("Cluster", StringComparison.OrdinalIgnoreCase) ? Clusterwide : Namespaced);
    }

    private static string GroupOf(string apiVersion) => apiVersion.Split('/')[0];
}
