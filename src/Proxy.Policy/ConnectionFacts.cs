using Proxy.Policy.Labels;

namespace Proxy.Policy;

/// <summary>Which way a connection goes, seen from the workload whose policy is asked.</summary>
public enum Direction
{
    /// <summary>The workload is the server.</summary>
    Ingress,

    /// <summary>The workload is the client.</summary>
    Egress,
}

/// <summary>The protocols that rules know, by IP protocol number.</summary>
public enum TransportProtocol : byte
{
    /// <summary>ICMP for IPv4; the type stands where others have the port.</summary>
    Icmp = 1,

    /// <summary>TCP.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,

    /// <summary>ICMP for IPv6; the type stands where others have the port.</summary>
    IcmpV6 = 58,

    /// <summary>SCTP.</summary>
    Sctp = 132,
}

/// <summary>What is known about the peer's SVID when the question is asked.</summary>
public enum PeerAuthentication
{
    /// <summary>No handshake yet: a demand for authentication is reported and does not refuse.</summary>
    NotYetKnown,

    /// <summary>There is no proof, and there will be none on this connection.</summary>
    Unauthenticated,

    /// <summary>The peer has proved to be the workload whose identity is given.</summary>
    Authenticated,
}

/// <summary>The question that policy answers.</summary>
/// <param name="Direction">Whose side is asked.</param>
/// <param name="Subject">The workload whose policy is asked: on ingress the server, on egress the client.</param>
/// <param name="Peer">The other one.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Port">The server's container port, after service translation; of ICMP the type, 0 to 255.</param>
/// <param name="Authentication">What is known about the peer's SVID.</param>
public readonly record struct ConnectionFacts(
    Direction Direction,
    Identity Subject,
    Identity Peer,
    TransportProtocol Protocol,
    ushort Port,
    PeerAuthentication Authentication)
{
    /// <summary>The peer's address: what rules about address ranges look at when the peer is outside the cluster.</summary>
    public Address PeerAddress { get; init; }

    /// <summary>The names of the server's ports (on ingress the subject's, on egress the peer's); null when it has none.</summary>
    public NamedPorts? ServerPorts { get; init; }
}
