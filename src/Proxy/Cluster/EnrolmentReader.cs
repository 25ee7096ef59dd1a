using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Reads annotation `node-proxy.dev/mode` of a pod or namespace.</summary>
internal static class EnrolmentReader
{
    private const string Annotation = "node-proxy.dev/mode";

    /// <summary>Null when the annotation is absent. Whatever cannot be honoured counts as enabled, with a fault.</summary>
    public static EnrolmentMode? Read(FieldReader fields)
    {
        var annotations = fields.Mapping(fields.Metadata, "annotations");
        if (annotations?[Annotation] is not { } node)
            return null;

        switch ((node as ManifestScalar)?.Value)
        {
            case "enabled":
                return EnrolmentMode.Enabled;
            case "disabled":
                return EnrolmentMode.Disabled;
            case "permissive":
                fields.Report(node, "permissive is not supported yet; it is treated as enabled");
                return EnrolmentMode.Enabled;
            default:
                fields.Report(
                    node, "must be enabled, permissive or disabled; it is treated as enabled", "write enabled or disabled");
                return EnrolmentMode.Enabled;
        }
    }
}
