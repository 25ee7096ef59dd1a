using Proxy.Policy.Documents;
using Proxy.Policy.Labels;

namespace Proxy.Cluster;

/// <summary>Reads the documents of the kinds that matter.</summary>
internal static class ObjectReader
{
    /// <summary>Null for a kind that does not matter here.</summary>
    public static ManifestObject? Read(ManifestDocument document)
    {
        if (PolicyParser.IsPolicyKind(document.ApiVersion, document.Kind))
            return ReadPolicy(document);
        if (PolicyParser.IsCidrGroupKind(document.ApiVersion, document.Kind))
            return ReadGroup(document);
        if (AllottedNumbers.IsAllotment(document.ApiVersion, document.Kind))
            return ReadAllotment(document);
        if (ExternalReader.IsMeant(document.ApiVersion, document.Kind))
            return ReadExternal(document, new FieldReader(document));

        var fields = new FieldReader(document);
        return (document.ApiVersion, document.Kind) switch
        {
            ("v1", "Namespace") => ReadNamespace(document, fields),
            ("v1", "Pod") => ReadPod(document, fields),
            ("v1", "Node") => ReadNode(document, fields),
            ("v1", "Service") => ReadService(document, fields),
            ("v1", "Endpoints") => ReadEndpoints(document, fields),
            ("v1", "Secret") => ReadSecret(document, fields),
            ("discovery.k8s.io/v1", "EndpointSlice") => ReadSlice(document, fields),
            _ => null,
        };
    }

    private static ManifestObject ReadPolicy(ManifestDocument document)
    {
        var policy = PolicyParser.Parse(document);
        var key = KeyOf(document, policy.Namespace, policy.Name);
        return new ManifestObject(key, document, policy, policy.IsRefused, policy.Faults);
    }

    private static ManifestObject ReadNamespace(ManifestDocument document, FieldReader fields)
    {
        var labels = fields.Texts(fields.Metadata, "labels");
        var hasUnknownLabels = fields.IsRefused || document.Faults.Count > 0;
        var value = new NamespaceDocument(fields.Name(), labels, EnrolmentReader.Read(fields))
        {
            IsAudit = AuditReader.Read(fields),
            HasUnknownLabels = hasUnknownLabels,
        };
        return Make(document, fields, KeyOf(document, "", value.Name), value);
    }

    private static ManifestObject ReadNode(ManifestDocument document, FieldReader fields)
    {
        var value = NodeDocument.Read(fields);
        return Make(document, fields, KeyOf(document, "", value.Name), value);
    }

    private static ManifestObject ReadPod(ManifestDocument document, FieldReader fields)
    {
        var value = PodReader.Read(fields);
        return Make(document, fields, KeyOf(document, value.Namespace, value.Name), value);
    }

    private static ManifestObject ReadService(ManifestDocument document, FieldReader fields)
    {
        var value = ServiceReader.ReadService(fields);
        return Make(document, fields, KeyOf(document, value.Namespace, value.Name), value);
    }

    private static ManifestObject ReadSlice(ManifestDocument document, FieldReader fields)
    {
        var name = fields.Name();
        var value = ServiceReader.ReadSlice(fields);
        return Make(document, fields, KeyOf(document, value.Namespace, name), value);
    }

    private static ManifestObject ReadEndpoints(ManifestDocument document, FieldReader fields) =>
        Make(document, fields, KeyOf(document, fields.Namespace(), fields.Name()), ServiceReader.ReadEndpoints(fields));

    private static ManifestObject ReadSecret(ManifestDocument document, FieldReader fields)
    {
        var value = SecretReader.Read(fields);
        return Make(document, fields, KeyOf(document, value.Namespace, value.Name), value);
    }

    private static ManifestObject ReadExternal(ManifestDocument document, FieldReader fields)
    {
        var value = ExternalReader.Read(document, fields);
        return Make(document, fields, KeyOf(document, value.Namespace, value.Name), value);
    }

    // Refused, it gives nobody a number: its labels keep the one that is made of them.
    private static ManifestObject ReadAllotment(ManifestDocument document)
    {
        var identity = AllottedNumbers.Read(document, out var fault);
        ManifestFault[] faults = fault is null ? [] : [fault with { Document = ManifestPlace.Of(document).Title }];
        return new ManifestObject(KeyOf(document, "", document.Name), document, identity ?? Identity.Unknown, identity is null, faults);
    }

    private static ManifestObject ReadGroup(ManifestDocument document)
    {
        var group = PolicyParser.ParseCidrGroup(document);
        return new ManifestObject(KeyOf(document, "", group.Name), document, group, group.IsRefused, group.Faults);
    }

    private static ManifestObject Make(ManifestDocument document, FieldReader fields, ObjectKey key, object value) =>
        new(key, document, value, fields.IsRefused || document.Faults.Count > 0, [.. FormFaults(document), .. fields.Faults]);

    private static IEnumerable<ManifestFault> FormFaults(ManifestDocument document)
    {
        var title = ManifestPlace.Of(document).Title;
        return document.Faults.Select(fault => fault with { Document = title });
    }

    // Without a name it is nobody's second version: its place tells it apart.
    private static ObjectKey KeyOf(ManifestDocument document, string @namespace, string name)
    {
        var slash = document.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        var group = slash < 0 ? "" : document.ApiVersion[..slash];
        var place = name.Length > 0 ? name : $"{document.File}:{document.Root.Line}";
        return new ObjectKey(group, document.Kind, @namespace, place);
    }
}
