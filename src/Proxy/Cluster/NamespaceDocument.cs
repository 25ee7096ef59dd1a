namespace Proxy.Cluster;

/// <summary>What a manifest says of a namespace.</summary>
internal sealed record NamespaceDocument(
    string Name, IReadOnlyDictionary<string, string> Labels, EnrolmentMode? Mode)
{
    /// <summary>Its policy documents are not enforced, and told of.</summary>
    public bool IsAudit { get; init; }

    /// <summary>Its manifest has labels that cannot be read, or several manifests differ in them.</summary>
    public bool HasUnknownLabels { get; init; }
}
