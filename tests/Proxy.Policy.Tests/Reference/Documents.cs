namespace Proxy.Policy.Tests.Reference;

internal enum DocumentKind
{
    Namespaced,
    Clusterwide,
    Kubernetes,
}

/// <summary>One policy document as its author thinks of it.</summary>
internal sealed record Document(DocumentKind Kind, string Namespace, string Name)
{
    public bool IsAudit { get; init; }

    public bool IgnoresQuery { get; init; }

    /// <summary>Of the Cilium kinds: one is written as <c>spec</c>, several as <c>specs</c>.</summary>
    public IReadOnlyList<Rule> Rules { get; init; } = [];

    /// <summary>Both are written: the first rule as <c>spec</c>, the others as <c>specs</c>.</summary>
    public bool HasBoth { get; init; }

    /// <summary>Of the Cilium kinds: an item holds a key that nobody knows, so that the document is refused.</summary>
    public bool IsBroken { get; init; }

    /// <summary>Of a NetworkPolicy.</summary>
    public NetworkPolicySpec? Spec { get; init; }

    /// <summary>Where a rule stands.</summary>
    public string PathOf(int rule) => Rules.Count == 1 || (HasBoth && rule == 0) ? "spec" : $"specs[{(HasBoth ? rule - 1 : rule)}]";
}

/// <summary>One rule of a Cilium document. A list that is null is not written.</summary>
internal sealed record Rule(Selector Subject)
{
    public IReadOnlyList<Item>? Ingress { get; init; }

    public IReadOnlyList<Item>? Egress { get; init; }

    public IReadOnlyList<Item>? IngressDeny { get; init; }

    public IReadOnlyList<Item>? EgressDeny { get; init; }

    public bool? IngressDefaultDeny { get; init; }

    public bool? EgressDefaultDeny { get; init; }
}

/// <summary>An item of ingress, egress, ingressDeny or egressDeny.</summary>
internal sealed record Item
{
    /// <summary>Null: no L3 member.</summary>
    public Peers? Peers { get; init; }

    public IReadOnlyList<PortRule>? ToPorts { get; init; }

    public IReadOnlyList<IcmpField>? Icmps { get; init; }

    /// <summary>authentication.mode</summary>
    public string? Mode { get; init; }
}

/// <summary>The one L3 member of an item, by the end of its key: <c>Endpoints</c> of fromEndpoints and toEndpoints.</summary>
internal abstract record Peers(string Key);

internal sealed record EndpointPeers(params IReadOnlyList<Selector> Selectors) : Peers("Endpoints");

internal sealed record EntityPeers(params IReadOnlyList<string> Entities) : Peers("Entities");

internal sealed record CidrPeers(params IReadOnlyList<string> Cidrs) : Peers("CIDR");

internal sealed record CidrSetPeers(params IReadOnlyList<CidrEntry> Entries) : Peers("CIDRSet");

internal sealed record ServicePeers(params IReadOnlyList<ServiceReference> Services) : Peers("Services");

/// <summary>A member that is understood and not supported: nodes or groups.</summary>
internal sealed record UnsupportedPeers(string Member) : Peers(Member);

/// <summary>Exactly one of range, group name and group selector.</summary>
internal sealed record CidrEntry(string? Cidr, string? GroupName = null, Selector? GroupSelector = null)
{
    public IReadOnlyList<string> Except { get; init; } = [];
}

/// <summary>By name, or by the service's labels; a namespace that is null is not written.</summary>
internal sealed record ServiceReference(string? Namespace, string? Name, Selector? Selector);

internal sealed record PortRule(IReadOnlyList<Port> Ports)
{
    public IReadOnlyList<HttpRule>? Http { get; init; }
}

/// <summary>A number, 0 for all, or a name; protocol null is not written.</summary>
internal sealed record Port(string Text, string? Protocol = null, int? EndPort = null);

internal sealed record IcmpField(string? Family, string Text, int Type);

/// <summary>Patterns and headers; what is null or empty is not written.</summary>
internal sealed record HttpRule
{
    public string? Method { get; init; }

    public string? Path { get; init; }

    public string? Host { get; init; }

    public IReadOnlyList<string> Headers { get; init; } = [];

    public IReadOnlyList<HeaderMatch> HeaderMatches { get; init; } = [];
}

internal sealed record HeaderMatch(string Name, string? Value, string? Mismatch, SecretReference? Secret = null);

internal sealed record SecretReference(string Namespace, string Name);

internal enum Operator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// <summary>One requirement. <paramref name="IsLabel"/>: written under matchLabels, which needs In and one value.</summary>
internal sealed record Requirement(string Key, Operator Operator, IReadOnlyList<string> Values, bool IsLabel = false)
{
    /// <summary>Cilium §4: source:name, split at the first colon; no source means any.</summary>
    public string Source { get; } = Key.Contains(':') ? Key.Split(':', 2)[0] : "any";

    public string Name { get; } = Key[(Key.IndexOf(':') + 1)..];

    public static Requirement Label(string key, string value) => new(key, Operator.In, [value], IsLabel: true);
}

internal sealed record Selector(params IReadOnlyList<Requirement> Requirements)
{
    /// <summary>Labels as matchLabels: <c>Of(("org", "empire"))</c>; none is <c>{}</c>.</summary>
    public static Selector Of(params (string Key, string Value)[] labels) =>
        new([.. labels.Select(label => Requirement.Label(label.Key, label.Value))]);
}

/// <summary>The spec of a NetworkPolicy; what is null is not written.</summary>
internal sealed record NetworkPolicySpec(Selector PodSelector)
{
    public IReadOnlyList<Direction>? PolicyTypes { get; init; }

    public IReadOnlyList<NetworkPolicyItem>? Ingress { get; init; }

    public IReadOnlyList<NetworkPolicyItem>? Egress { get; init; }
}

internal sealed record NetworkPolicyItem
{
    public IReadOnlyList<NetworkPolicyPeer>? Peers { get; init; }

    public IReadOnlyList<NetworkPolicyPort>? Ports { get; init; }
}

/// <summary>Selectors, or a block.</summary>
internal sealed record NetworkPolicyPeer
{
    public Selector? Pods { get; init; }

    public Selector? Namespaces { get; init; }

    public string? Block { get; init; }

    public IReadOnlyList<string> Except { get; init; } = [];
}

internal sealed record NetworkPolicyPort(string? Port, string? Protocol = null, int? EndPort = null);
