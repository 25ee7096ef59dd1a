namespace Proxy.Policy.Matching;

/// <summary>One allow: these peers on these ports, perhaps only with these requests, perhaps only when authenticated.</summary>
internal sealed record PolicyRule(Direction Direction, PeerMatch Peers, PortMatch Ports, RuleReference Reference)
{
    public AuthenticationMode Authentication { get; init; }

    /// <summary>Null: requests are not looked at.</summary>
    public IReadOnlyList<HttpMatch>? Http { get; init; }

    public PolicyMatch Match(TransportProtocol protocol, ushort port) => Ports.Cover(protocol, port) switch
    {
        PortCover.Port => Peers.IsAny ? PolicyMatch.L4Only : PolicyMatch.L3L4,
        PortCover.Protocol => Peers.IsAny ? PolicyMatch.ProtoOnly : PolicyMatch.L3Proto,
        PortCover.EveryPort => Peers.IsAny ? PolicyMatch.All : PolicyMatch.L3Only,
        _ => PolicyMatch.None,
    };
}

/// <summary>
/// What a document says about the workloads that one selector chooses. Closed: the document is refused, and nothing
/// passes in the directions that it governs.
/// </summary>
internal sealed record PolicySection(
    Labels.LabelSelector Subject,
    bool GovernsIngress,
    bool GovernsEgress,
    bool IsClosed,
    RuleReference Reference,
    IReadOnlyList<PolicyRule> Rules)
{
    public bool Governs(Direction direction) => direction == Direction.Ingress ? GovernsIngress : GovernsEgress;
}
