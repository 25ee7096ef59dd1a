using Proxy.Policy.Labels;

namespace Proxy.Policy.Matching;

/// <summary>One allow or deny: these peers on these ports, perhaps only with these requests, perhaps only when authenticated.</summary>
internal sealed record PolicyRule(Direction Direction, PeerMatch Peers, PortMatch Ports, RuleReference Reference)
{
    /// <summary>A deny wins over every allow; it has no requests and no authentication.</summary>
    public bool IsDeny { get; init; }

    public AuthenticationMode Authentication { get; init; }

    /// <summary>Null: requests are not looked at.</summary>
    public IReadOnlyList<HttpMatch>? Http { get; init; }

    public PolicyMatch Match(TransportProtocol protocol, ushort port, NamedPorts? names = null) =>
        Ports.Cover(protocol, port, names) switch
        {
            PortCover.Port => Peers.IsAny ? PolicyMatch.L4Only : PolicyMatch.L3L4,
            PortCover.Protocol => Peers.IsAny ? PolicyMatch.ProtoOnly : PolicyMatch.L3Proto,
            PortCover.EveryPort => Peers.IsAny ? PolicyMatch.All : PolicyMatch.L3Only,
            _ => PolicyMatch.None,
        };
}

/// <summary>
/// What one rule of a document (<c>spec</c>, or an item of <c>specs</c>) says about the workloads that its selector chooses.
/// </summary>
internal sealed record PolicySection(LabelSelector Subject, RuleReference Reference, IReadOnlyList<PolicyRule> Rules)
{
    /// <summary>Holds something for the ingress of its subjects: rules, isolation, or that it is closed.</summary>
    public bool GovernsIngress { get; init; }

    /// <summary>Holds something for the egress of its subjects.</summary>
    public bool GovernsEgress { get; init; }

    /// <summary>Governs and isolates nobody (<c>enableDefaultDeny: false</c>); its HTTP rules only make requests visible.</summary>
    public bool LeavesIngressOpen { get; init; }

    /// <summary>As <see cref="LeavesIngressOpen"/>, of egress.</summary>
    public bool LeavesEgressOpen { get; init; }

    /// <summary>The document is refused, or denies what is not supported yet: nothing passes in the directions that it governs.</summary>
    public bool IsClosed { get; init; }

    /// <summary>Annotated <c>node-proxy.dev/audit: "true"</c>: reported, not enforced.</summary>
    public bool IsAudit { get; init; }

    /// <summary><c>log.value</c>, carried into the flows of connections that its rules decide; empty when there is none.</summary>
    public string LogValue { get; init; } = "";

    public bool Governs(Direction direction) => direction == Direction.Ingress ? GovernsIngress : GovernsEgress;

    public bool Isolates(Direction direction) =>
        Governs(direction) && !(direction == Direction.Ingress ? LeavesIngressOpen : LeavesEgressOpen);
}
