using Proxy.Policy.Labels;

namespace Proxy.Policy.Documents;

/// <summary>Reads a CiliumCIDRGroup.</summary>
internal sealed class CidrGroupReading
{
    private static readonly KeySchema Spec = new(["externalCIDRs"], []);
    private static readonly string[] Versions = [PolicyParser.CiliumVersion, "cilium.io/v2alpha1"];

    private readonly ManifestDocument _document;
    private readonly FaultLog _faults;

    public CidrGroupReading(ManifestDocument document)
    {
        _document = document;
        _faults = new FaultLog(document.File, $"{ManifestText.Show(document.Kind)} {ManifestText.Show(document.Name)}");
    }

    public CidrGroup Read()
    {
        foreach (var fault in _document.Faults)
            _faults.Add(fault);

        var root = _document.Root;
        if (_document.Kind != PolicyParser.CidrGroup)
            _faults.Add(root["kind"] ?? root, "not a kind of document that is understood", $"did you mean '{PolicyParser.CidrGroup}'?");
        else if (!Versions.Contains(_document.ApiVersion))
            _faults.Add(root["apiVersion"] ?? root, "not a version that is understood", $"did you mean '{PolicyParser.CiliumVersion}'?");

        KeySchema.RootOfOne.Check(root, _faults);
        new MetadataReading(_faults).Read(root, isOfCluster: true);
        var labels = ReadLabels();
        var ranges = ReadRanges(root);
        return new CidrGroup(ManifestText.Show(_document.Name), labels, _faults.Count > 0 ? [] : ranges, _faults.Faults);
    }

    private IReadOnlyList<Cidr> ReadRanges(ManifestMapping root)
    {
        if (root.Find("spec") is not { } node)
        {
            _faults.Add(root, "the spec is missing");
            return [];
        }

        if (node.AsMapping(_faults) is not { } spec)
            return [];

        Spec.Check(spec, _faults);
        if (spec.Find("externalCIDRs") is { } list)
            return new CidrReading(_faults).ReadList(list);

        _faults.Add(spec, "the externalCIDRs are missing", "write 'externalCIDRs: []' for a group of nothing");
        return [];
    }

    private LabelSet ReadLabels()
    {
        var metadata = _document.Root["metadata"] as ManifestMapping;
        var labels = new List<(string, string, string)>();
        foreach (var (key, value) in (metadata?.Find("labels")?.AsMapping(_faults))?.Entries ?? [])
        {
            if (value.AsText(_faults) is { } text)
                labels.Add((LabelSet.KubernetesSource, key.Value, text));
        }

        return LabelSet.Of([.. labels]);
    }
}
