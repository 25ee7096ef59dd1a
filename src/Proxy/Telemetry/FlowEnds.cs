using Proxy.Policy;
using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>Fills who spoke to whom: endpoints, addresses, ports and Services.</summary>
internal static class FlowEnds
{
    /// <summary>Hubble names the sender of the packet as source, so a reply turns the connection's ends around.</summary>
    public static void Fill(Flow flow, in FlowRecord record)
    {
        var (from, to) = record.IsReply
            ? (record.Destination, record.Source)
            : (record.Source, record.Destination);
        flow.Source = Map(from);
        flow.Destination = Map(to);
        flow.SourceService = Map(from.Service);
        flow.DestinationService = Map(to.Service);
        flow.IP = new IP
        {
            Source = from.Address.ToString(),
            Destination = to.Address.ToString(),
            IpVersion = from.Address.IsIPv4 ? IPVersion.Ipv4 : IPVersion.Ipv6,
        };
        flow.L4 = Map(record, from.Port, to.Port);
    }

    private static Endpoint Map(in FlowEndpoint end)
    {
        // A slot for an unknown end may be written with no identity at all.
        var mapped = new Endpoint { Identity = end.Identity?.Number ?? 0 };
        mapped.Labels.AddRange(end.Identity?.Labels.Texts ?? []);
        if (end.Workload is not { } workload)
            return mapped;

        mapped.Namespace = workload.Namespace;
        mapped.PodName = workload.Name;
        mapped.ClusterName = FlowMapping.ClusterName;
        foreach (var (kind, name) in workload.Owners)
            mapped.Workloads.Add(new Workload { Kind = kind, Name = name });
        return mapped;
    }

    private static Service? Map(ServiceName? service) =>
        service is { } known ? new Service { Name = known.Name, Namespace = known.Namespace } : null;

    private static Layer4 Map(in FlowRecord record, uint from, uint to) => record.Transport switch
    {
        TransportProtocol.Udp => new Layer4 { UDP = new UDP { SourcePort = from, DestinationPort = to } },
        TransportProtocol.Sctp => new Layer4 { SCTP = new SCTP { SourcePort = from, DestinationPort = to } },
        TransportProtocol.Icmp => new Layer4 { ICMPv4 = new ICMPv4 { Type = record.Destination.Port, Code = record.Source.Port } },
        TransportProtocol.IcmpV6 => new Layer4 { ICMPv6 = new ICMPv6 { Type = record.Destination.Port, Code = record.Source.Port } },
        TransportProtocol.Tcp => new Layer4 { TCP = new TCP { SourcePort = from, DestinationPort = to, Flags = Flags(record) } },
        _ => new Layer4(),
    };

    /// <summary>A connection is judged at its first packet; requests and responses have no packet of their own.</summary>
    private static TCPFlags? Flags(in FlowRecord record) => record.Kind switch
    {
        FlowKind.HttpRequest or FlowKind.HttpResponse => null,
        _ => new TCPFlags { SYN = true, ACK = record.IsReply },
    };
}
