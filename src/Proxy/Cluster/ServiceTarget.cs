using Proxy.Policy;

namespace Proxy.Cluster;

/// <summary>Where a connection to a service may end: a pod's address and its container port.</summary>
internal sealed record ServiceEndpoint(Address Address, ushort Port);

/// <summary>One port of a service's cluster address.</summary>
internal readonly record struct ServicePort(Address ClusterIp, ushort Port, TransportProtocol Protocol = TransportProtocol.Tcp);

/// <summary>What stands behind one port of a service's cluster address.</summary>
internal sealed class ServiceTarget
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>The ready endpoints, sorted; empty when none is ready.</summary>
    public required IReadOnlyList<ServiceEndpoint> Endpoints { get; init; }
}
