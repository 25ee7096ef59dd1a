using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Reads the annotation by which the policy documents of a namespace are only told of.</summary>
internal static class AuditReader
{
    private const string Annotation = "node-proxy.dev/audit";

    public static bool Read(FieldReader fields)
    {
        var annotations = fields.Mapping(fields.Metadata, "annotations");
        if (annotations?[Annotation] is not ManifestScalar written)
            return false;

        if (written.Value is not ("true" or "false"))
            fields.Report(written, "must be \"true\" or \"false\"; the namespace's policies are enforced");
        return written.Value == "true";
    }
}
