using Proxy.Policy;

namespace Proxy.Cluster;

/// <summary>What a manifest says of a service with cluster addresses.</summary>
internal sealed record ServiceDocument(
    ManifestPlace Place,
    string Namespace,
    string Name,
    IReadOnlyList<Address> ClusterIps,
    IReadOnlyList<ServicePortDocument> Ports,
    IReadOnlyDictionary<string, string> Selector,
    IReadOnlyDictionary<string, string> Labels);

/// <summary>One port of a service.</summary>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Name">What joins it with the ports of its endpoint slices; empty for an only port.</param>
/// <param name="Port">On the cluster address.</param>
/// <param name="TargetPort">On the pods; null when it is given by name, which endpoint slices resolve.</param>
internal sealed record ServicePortDocument(TransportProtocol Protocol, string Name, ushort Port, ushort? TargetPort);

/// <summary>What a manifest says of `v1 Endpoints`, which say the same as slices in an older form.</summary>
internal sealed record EndpointsDocument(IReadOnlyList<EndpointSliceDocument> Subsets);

/// <summary>What a manifest says of an endpoint slice.</summary>
/// <param name="Namespace">Its own and the service's.</param>
/// <param name="Service">The service it belongs to; empty for none.</param>
/// <param name="Ready">The addresses of the endpoints that are ready.</param>
/// <param name="Ports">Ports by protocol and name.</param>
internal sealed record EndpointSliceDocument(
    string Namespace, string Service, IReadOnlyList<Address> Ready, IReadOnlyDictionary<(TransportProtocol Protocol, string Name), ushort> Ports);
