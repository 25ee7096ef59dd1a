using Proxy.Policy;

namespace Proxy.Cluster;

/// <summary>How a machine outside the cluster is spoken to.</summary>
/// <param name="Form">What it speaks, as client and as server.</param>
/// <param name="Ports">The ports that it offers; none listed: all.</param>
internal sealed record ExternalSpec(WireForm Form, IReadOnlyList<(TransportProtocol Protocol, ushort Port)> Ports)
{
    /// <summary>Whether the port may be spoken to at all; what has no ports is not restricted by them.</summary>
    public bool Offers(TransportProtocol protocol, ushort port) =>
        Ports.Count == 0
        || protocol is not (TransportProtocol.Tcp or TransportProtocol.Udp or TransportProtocol.Sctp)
        || Ports.Contains((protocol, port));

    public bool Equals(ExternalSpec? other) => other is not null && Form == other.Form && Ports.SequenceEqual(other.Ports);

    public override int GetHashCode() => HashCode.Combine(Form, Ports.Count);
}
