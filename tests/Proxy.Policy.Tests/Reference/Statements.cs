namespace Proxy.Policy.Tests.Reference;

/// <summary>Ports of one protocol, first to last; every port of every protocol without one.</summary>
internal sealed record PortSet(TransportProtocol? Protocol, int First, int Last)
{
    public static PortSet Everything { get; } = new(null, 0, ushort.MaxValue);

    public bool IsWithin(PortSet other) =>
        other.Protocol is null || (other.Protocol == Protocol && First >= other.First && Last <= other.Last);
}

/// <summary>The peers of a statement.</summary>
/// <param name="IsEveryone">Cilium's wildcard selector: no L3 member, or the entity <c>all</c>.</param>
/// <param name="Includes">Whom it chooses of those that are known.</param>
internal sealed record PeerSet(bool IsEveryone, Func<Workload, bool> Includes)
{
    public static PeerSet Unnamed { get; } = new(true, _ => true);

    public bool IsNamed => !ReferenceEquals(this, Unnamed);
}

/// <summary>One HTTP rule, and whether its document looks at paths without their query.</summary>
internal sealed record RequestRule(HttpRule Rule, bool IgnoresQuery);

/// <summary>Cilium §10: every item is expanded to (peers) × (port).</summary>
internal sealed record Statement(string Source, bool IsDeny, PeerSet Peers, PortSet Ports)
{
    public string? Mode { get; init; }

    /// <summary>Null: requests are not looked at.</summary>
    public IReadOnlyList<RequestRule>? Http { get; init; }
}

/// <summary>What one rule of a document says about one direction of the subject of a question.</summary>
internal sealed record Section(string Source, bool Isolates, IReadOnlyList<Statement> Statements)
{
    /// <summary>The document is refused.</summary>
    public bool IsClosed { get; init; }
}
