using Proxy.Policy.Labels;

namespace Proxy.Policy.Documents;

/// <summary>Checks the metadata of a document, and reads the annotations that are about policy.</summary>
internal sealed class MetadataReading(FaultLog faults)
{
    private const string Prefix = "node-proxy.dev/";
    private const string AuditKey = Prefix + "audit";
    private const string IgnoreQueryKey = Prefix + "ignore-query";
    private const int MaxName = 253;
    private const int MaxNamespace = 63;

    private static readonly string[] Annotations = [AuditKey, IgnoreQueryKey];

    /// <summary>Reported, not enforced.</summary>
    public bool IsAudit { get; private set; }

    /// <summary>Paths are matched without the query.</summary>
    public bool IgnoresQuery { get; private set; }

    /// <summary>False when the document may belong to another namespace than the one it seems to be in.</summary>
    public bool Read(ManifestMapping root, bool isOfCluster)
    {
        if (root.Find("metadata") is not { } node)
        {
            faults.Add(root, "the metadata are missing");
            return false;
        }

        if (node.AsMapping(faults) is not { } metadata)
            return false;

        var before = faults.Count;
        KeySchema.Metadata.Check(metadata, faults);
        var hasUnknownKey = faults.Count > before;
        CheckName(metadata, metadata.Find("name"));
        ReadAnnotations(metadata);
        if (metadata.Find("namespace") is not { } space)
            return !hasUnknownKey;

        if (isOfCluster)
            faults.Warn(space, "a document of the cluster has no namespace: it holds in all of them");
        return isOfCluster || CheckNamespace(space);
    }

    private void CheckName(ManifestMapping metadata, ManifestNode? name)
    {
        if (name is null)
            faults.Add(metadata, "the name is missing");
        else if (name.AsText(faults) is { } text && !LabelSyntax.IsDnsName(text, MaxName, allowDots: true))
            faults.Add(name, "not a name: lower-case letters, digits, '-' and '.'");
    }

    private bool CheckNamespace(ManifestNode node)
    {
        if (node.AsText(faults) is not { } text)
            return false;

        var isValid = LabelSyntax.IsDnsName(text, MaxNamespace, allowDots: false);
        if (!isValid)
            faults.Add(node, "not a namespace: at most 63 lower-case letters, digits and '-'");
        return isValid;
    }

    private void ReadAnnotations(ManifestMapping metadata)
    {
        if (metadata.Find("annotations")?.AsMapping(faults) is not { } annotations)
            return;

        IsAudit = ReadTruth(annotations, AuditKey);
        IgnoresQuery = ReadTruth(annotations, IgnoreQueryKey);
        foreach (var (key, _) in annotations.Entries)
        {
            if (key.Value.StartsWith(Prefix, StringComparison.Ordinal) && !Annotations.Contains(key.Value))
                faults.Warn(key, $"unknown annotation '{ManifestText.Show(key.Value)}'", HintFor(key.Value));
        }
    }

    private bool ReadTruth(ManifestMapping annotations, string key)
    {
        if (annotations.Find(key) is not { } node)
            return false;

        if (node is not ManifestScalar { IsQuoted: true, Value: "true" or "false" } scalar)
        {
            faults.Add(node, "the annotation says \"true\" or \"false\", in quotes");
            return false;
        }

        return scalar.Value == "true";
    }

    private static string HintFor(string key) =>
        Spelling.Nearest(key, Annotations) is { } nearest ? $"did you mean '{nearest}'?" : "";
}
