using System.Globalization;
using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Reads `v1 Service` and `discovery.k8s.io/v1 EndpointSlice`.</summary>
internal static class ServiceReader
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    public static ServiceDocument ReadService(FieldReader fields)
    {
        var spec = fields.Mapping(fields.Root, "spec");
        return new ServiceDocument(
            fields.Place,
            fields.Namespace(),
            fields.Name(),
            ClusterIpsOf(fields, spec),
            ServicePortsOf(fields, spec),
            fields.Texts(spec, "selector"),
            fields.Texts(fields.Metadata, "labels"));
    }

    public static EndpointSliceDocument ReadSlice(FieldReader fields)
    {
        var service = fields.Texts(fields.Metadata, "labels").GetValueOrDefault(ServiceNameLabel, "");
        var isByName = fields.Text(fields.Root, "addressType") == "FQDN";
        return new EndpointSliceDocument(
            fields.Namespace(), service, isByName ? [] : ReadyAddressesOf(fields), PortsOf(fields, fields.Root));
    }

    public static EndpointsDocument ReadEndpoints(FieldReader fields)
    {
        var (@namespace, service) = (fields.Namespace(), fields.Name());
        var subsets = new List<EndpointSliceDocument>();
        foreach (var subset in fields.Mappings(fields.Root, "subsets"))
            subsets.Add(new EndpointSliceDocument(@namespace, service, AddressesOf(fields, subset), PortsOf(fields, subset)));
        return new EndpointsDocument(subsets);
    }

    private static List<Address> AddressesOf(FieldReader fields, ManifestMapping subset)
    {
        var addresses = new List<Address>();
        foreach (var item in fields.Mappings(subset, "addresses"))
        {
            if (item["ip"] is ManifestScalar scalar && fields.TryAddress(scalar, out var address))
                addresses.Add(address);
        }

        return addresses;
    }

    // Headless services ("None") have no address of their own; clients reach the pods directly.
    private static List<Address> ClusterIpsOf(FieldReader fields, ManifestMapping? spec)
    {
        var written = fields.Scalars(spec, "clusterIPs").ToList();
        if (fields.Text(spec, "clusterIP") is not null && spec!["clusterIP"] is ManifestScalar single)
            written.Add(single);

        var addresses = new List<Address>();
        foreach (var scalar in written.Where(scalar => scalar.Value is not ("None" or "")))
        {
            if (fields.TryAddress(scalar, out var address) && !addresses.Contains(address))
                addresses.Add(address);
        }

        return addresses;
    }

    private static List<ServicePortDocument> ServicePortsOf(FieldReader fields, ManifestMapping? spec)
    {
        var ports = new List<ServicePortDocument>();
        foreach (var item in fields.Mappings(spec, "ports"))
        {
            if (ProtocolOf(fields, item) is not { } protocol)
                continue;

            if (fields.Port(item, "port") is { } port)
                ports.Add(new ServicePortDocument(protocol, fields.Text(item, "name") ?? "", port, TargetOf(fields, item, port)));
            else if (item["port"] is null)
                fields.Refuse(item, "the port is missing");
        }

        return ports;
    }

    private static ushort? TargetOf(FieldReader fields, ManifestMapping item, ushort port)
    {
        if (fields.Text(item, "targetPort") is not { } text)
            return port;

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            ? fields.Port(item, "targetPort")
            : null;
    }

    private static List<Address> ReadyAddressesOf(FieldReader fields)
    {
        var ready = new List<Address>();
        foreach (var endpoint in fields.Mappings(fields.Root, "endpoints"))
        {
            var isReady = fields.Flag(fields.Mapping(endpoint, "conditions"), "ready") ?? true;
            foreach (var scalar in fields.Scalars(endpoint, "addresses"))
            {
                if (fields.TryAddress(scalar, out var address) && isReady)
                    ready.Add(address);
            }
        }

        return ready;
    }

    private static Dictionary<(TransportProtocol Protocol, string Name), ushort> PortsOf(FieldReader fields, ManifestMapping parent)
    {
        var ports = new Dictionary<(TransportProtocol Protocol, string Name), ushort>();
        foreach (var item in fields.Mappings(parent, "ports"))
        {
            if (ProtocolOf(fields, item) is not { } protocol || fields.Port(item, "port") is not { } port)
                continue;

            if (!ports.TryAdd((protocol, fields.Text(item, "name") ?? ""), port))
                fields.Refuse(item, "two ports have one name");
        }

        return ports;
    }

    /// <summary>Null, and a fault, when it is none that a port can have.</summary>
    internal static TransportProtocol? ProtocolOf(FieldReader fields, ManifestMapping item)
    {
        switch (fields.Text(item, "protocol"))
        {
            case null or "TCP":
                return TransportProtocol.Tcp;
            case "UDP":
                return TransportProtocol.Udp;
            case "SCTP":
                return TransportProtocol.Sctp;
            default:
                fields.Refuse(item["protocol"]!, "must be TCP, UDP or SCTP");
                return null;
        }
    }
}
