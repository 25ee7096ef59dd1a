using System.Collections.Frozen;
using Proxy.Policy.Documents;
using Proxy.Policy.Labels;

namespace Proxy.Policy;

/// <summary>What policy documents refer to and do not hold themselves.</summary>
public sealed record PolicyContext
{
    /// <summary>Nothing: references to services, groups and secrets find nothing.</summary>
    public static PolicyContext Empty { get; } = new();

    /// <summary>For <c>toServices</c>.</summary>
    public IReadOnlyList<PolicyService> Services { get; init; } = [];

    /// <summary>For <c>cidrGroupRef</c> and <c>cidrGroupSelector</c>.</summary>
    public IReadOnlyList<CidrGroup> CidrGroups { get; init; } = [];

    /// <summary>For header matches; values are never shown.</summary>
    public IReadOnlyList<PolicySecret> Secrets { get; init; } = [];

    /// <summary>Namespaces that are annotated <c>node-proxy.dev/audit: "true"</c>: their documents are not enforced.</summary>
    public IReadOnlySet<string> AuditNamespaces { get; init; } = FrozenSet<string>.Empty;
}

/// <summary>A Service as policy sees it.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its own labels, source <c>k8s</c>.</param>
/// <param name="Selector">The pods behind it, by label within its namespace; null when it has no selector.</param>
/// <param name="Endpoints">Without a selector: the addresses of its endpoints, as single-address ranges.</param>
public sealed record PolicyService(
    string Namespace,
    string Name,
    LabelSet Labels,
    IReadOnlyDictionary<string, string>? Selector,
    IReadOnlyList<Cidr> Endpoints);

/// <summary>The one value that a Secret of a header match holds.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Value">The value's bytes; null when the Secret does not hold exactly one entry, which matches nothing.</param>
public sealed record PolicySecret(string Namespace, string Name, ReadOnlyMemory<byte>? Value)
{
    /// <summary>Without the value.</summary>
    public override string ToString() => $"Secret {Namespace}/{Name}";
}
