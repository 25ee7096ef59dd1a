using Proxy.Policy;
using Proxy.Policy.Documents;
using Proxy.Spiffe;

namespace Proxy.Cluster;

/// <summary>Reads `node-proxy.dev/v1alpha1 ExternalWorkload`, strictly: whatever it does not know refuses the document.</summary>
internal static class ExternalReader
{
    private const string Group = "node-proxy.dev";
    private const string ApiVersion = Group + "/v1alpha1";
    private const string Kind = "ExternalWorkload";

    private static readonly Dictionary<string, WireForm> Forms = new(StringComparer.Ordinal)
    {
        ["node-proxy"] = WireForm.Tunnels,
        ["spiffe"] = WireForm.MutualTls,
        ["none"] = WireForm.Plaintext,
    };

    /// <summary>Whether the document is one, or was meant to be: others have kinds of the same name in groups of their own.</summary>
    public static bool IsMeant(string apiVersion, string kind)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        var group = slash < 0 ? "" : apiVersion[..slash];
        return group == Group || (kind == Kind && (slash < 0 || Spelling.Nearest(group, [Group]) is not null));
    }

    public static ExternalDocument Read(ManifestDocument document, FieldReader fields)
    {
        CheckForm(document, fields);
        var spec = fields.Mapping(fields.Root, "spec");
        if (fields.Root["spec"] is null)
            fields.Refuse(fields.Root, "the spec is missing");
        fields.KeepTo(spec, ["addresses", "spiffeId", "tls", "ports"], key => key == "labels" ? "labels belong under metadata" : "");
        var form = FormOf(fields, spec);
        var ports = ExternalPorts.Read(fields, spec);
        return new ExternalDocument
        {
            Place = fields.Place,
            Namespace = fields.Namespace(),
            Name = fields.Name(),
            Addresses = ExternalAddresses.Read(fields, spec),
            Labels = fields.Labels(),
            SpiffeId = IdOf(fields, spec, form),
            Spec = new ExternalSpec(form, [.. ports.Select(port => (port.Protocol, port.Port))]),
            Ports = new NamedPorts(ports.Where(port => port.Name.Length > 0)),
        };
    }

    private static void CheckForm(ManifestDocument document, FieldReader fields)
    {
        if (document.ApiVersion != ApiVersion)
            fields.Refuse(fields.Root["apiVersion"] ?? fields.Root, "not a version that is read here", $"write {ApiVersion}");
        if (document.Kind != Kind)
            fields.Refuse(fields.Root["kind"] ?? fields.Root, $"not a kind of {Group}", $"write {Kind}");
        fields.KeepTo(fields.Root, ["apiVersion", "kind", "metadata", "spec", "status"], key => key is "addresses" or "spiffeId" or "tls" or "ports" ? $"'{key}' belongs under spec" : "");
        fields.KeepTo(fields.Metadata, FieldReader.MetadataKeys, _ => "");
        foreach (var (key, _) in fields.Mapping(fields.Metadata, "annotations")?.Entries ?? [])
        {
            if (key.Value.StartsWith(Group + "/", StringComparison.Ordinal))
                fields.Refuse(key, "the annotation has no meaning for a machine outside the cluster", "remove it");
        }
    }

    private static WireForm FormOf(FieldReader fields, ManifestMapping? spec)
    {
        if (fields.Text(spec, "tls") is not { } text)
        {
            if (spec is not null && spec["tls"] is null or ManifestScalar { IsNull: true })
                fields.Refuse(spec, "tls is missing", "write spiffe, node-proxy or none");
            return WireForm.Plaintext;
        }

        if (Forms.TryGetValue(text, out var form))
            return form;
        var nearest = Spelling.Nearest(text, Forms.Keys);
        fields.Refuse(spec!["tls"]!, "must be node-proxy, spiffe or none", nearest is null ? "" : $"did you mean '{nearest}'?");
        return WireForm.Plaintext;
    }

    private static SpiffeId? IdOf(FieldReader fields, ManifestMapping? spec, WireForm form)
    {
        if (fields.Text(spec, "spiffeId") is not { } text)
        {
            if (form != WireForm.Plaintext && spec?["spiffeId"] is null or ManifestScalar { IsNull: true })
                fields.Refuse(spec!, "spiffeId is missing", "the ID that the machine's certificate names");
            return null;
        }

        if (!SpiffeId.TryParse(text, out var id, out var error))
            fields.Refuse(spec!["spiffeId"]!, $"not a SPIFFE ID ({error})", "for instance spiffe://example.org/legacy/database");
        else if (id.Path.Length == 0)
            fields.Refuse(spec!["spiffeId"]!, "the ID of a trust domain, which no workload has", "give it a path");
        else if (spec!["tls"] is ManifestScalar { Value: "none" })
            fields.Refuse(spec["spiffeId"]!, "nobody proves an ID without TLS", "remove it, or write 'tls: spiffe'");
        return id;
    }
}
