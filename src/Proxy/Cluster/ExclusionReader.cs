using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Reads the annotations `node-proxy.dev/skip-…` of a pod.</summary>
internal static class ExclusionReader
{
    private const string InboundPorts = "node-proxy.dev/skip-inbound-ports";
    private const string OutboundPorts = "node-proxy.dev/skip-outbound-ports";
    private const string OutboundCidrs = "node-proxy.dev/skip-outbound-cidrs";
    private const string PortHint = "for instance \"80,443,8000-8010\"";
    private const string CidrHint = "for instance \"10.0.0.0/8,fd00::/8\"";

    private delegate string? Reading<T>(string text, out IReadOnlyList<T> items);

    /// <summary>With any bad value nothing at all is excluded: what is not understood must not open anything.</summary>
    public static Exclusions Read(FieldReader fields)
    {
        var annotations = fields.Mapping(fields.Metadata, "annotations");
        var isGood = TryRead<PortRange>(fields, annotations?[InboundPorts], Exclusions.ReadPorts, PortHint, out var inbound);
        isGood &= TryRead<PortRange>(fields, annotations?[OutboundPorts], Exclusions.ReadPorts, PortHint, out var outbound);
        isGood &= TryRead<Cidr>(fields, annotations?[OutboundCidrs], Exclusions.ReadCidrs, CidrHint, out var cidrs);
        return isGood
            ? new Exclusions { InboundPorts = inbound, OutboundPorts = outbound, OutboundCidrs = cidrs }
            : Exclusions.None;
    }

    private static bool TryRead<T>(FieldReader fields, ManifestNode? node, Reading<T> read, string hint, out IReadOnlyList<T> items)
    {
        items = [];
        if (node is null)
            return true;

        var fault = node is ManifestScalar scalar ? read(scalar.Value, out items) : "must be a single value";
        if (fault is null)
            return true;

        fields.Report(node, $"{fault}; nothing of the pod is excluded", hint);
        return false;
    }
}
