using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads one policy document from the root down.</summary>
internal sealed class PolicyReading
{
    private const string DefaultNamespace = "default";

    private readonly ManifestDocument _document;
    private readonly ManifestMapping _root;
    private readonly FaultLog _faults;
    private readonly MetadataReading _metadata;
    private readonly string _meantKind;
    private readonly string _kind;
    private readonly string _namespace;
    private readonly string _name;

    public PolicyReading(ManifestDocument document)
    {
        _document = document;
        _root = document.Root;
        _meantKind = PolicyParser.MeantKind(document);
        _kind = ManifestText.Show(document.Kind);
        _namespace = IsOfCluster ? "" : NamespaceOf(document);
        _name = ManifestText.Show(document.Name);
        _faults = new FaultLog(document.File, IsOfCluster ? $"{_kind} {_name}" : $"{_kind} {_namespace}/{_name}");
        _metadata = new MetadataReading(_faults);
    }

    public PolicyDocument Read()
    {
        foreach (var fault in _document.Faults)
            _faults.Add(fault);

        CheckKind();
        var isPlaced = _metadata.Read(_root, IsOfCluster);
        if (_faults.Count > 0 && !IsReadKind)
            return Refuse(isPlaced);

        PolicySection[] sections = IsKubernetes ? ReadKubernetes() : ReadCilium();
        if (_faults.Count > 0)
            return Refuse(isPlaced);

        return new PolicyDocument(_kind, _namespace, _name, [.. sections.Select(WithAudit)], []) { Warnings = _faults.Warnings };
    }

    private static string NamespaceOf(ManifestDocument document) =>
        document.Namespace.Length == 0 ? DefaultNamespace : ManifestText.Show(document.Namespace);

    private bool IsOfCluster => _meantKind == PolicyParser.Clusterwide;

    private bool IsKubernetes => _meantKind == PolicyParser.Kubernetes;

    private bool IsReadKind => _document.Kind == _meantKind;

    private void CheckKind()
    {
        var version = IsKubernetes ? PolicyParser.KubernetesVersion : PolicyParser.CiliumVersion;
        if (_document.Kind.Length == 0)
            AddMissingKind();
        else if (!IsReadKind)
            _faults.Add(_root["kind"] ?? _root, "not a kind of policy", $"did you mean '{_meantKind}'?");
        else if (_document.ApiVersion != version)
            _faults.Add(_root["apiVersion"] ?? _root, "not a version that is understood", $"did you mean '{version}'?");
    }

    private void AddMissingKind()
    {
        KeySchema.Root.Check(_root, _faults);
        _faults.Add(_root["kind"] ?? _root, "the kind is missing", $"write 'kind: {_meantKind}' if it is one");
    }

    private PolicySection WithAudit(PolicySection section) => section with { IsAudit = _metadata.IsAudit };

    private PolicySection[] ReadKubernetes()
    {
        KeySchema.RootOfOne.Check(_root, _faults);
        if (_root.Find("spec") is { } spec)
            return [new KubernetesReading(_namespace, _faults).Read(spec, ReferenceTo(spec.Path))];

        _faults.Add(_root, "the spec is missing");
        return [];
    }

    private PolicySection[] ReadCilium()
    {
        KeySchema.Root.Check(_root, _faults);
        var selectors = new SelectorReading(IsOfCluster ? null : _namespace, _faults);
        var reading = new SectionReading(selectors, _metadata.IgnoresQuery, _faults);
        ManifestNode[] rules = [.. Rules()];
        if (rules.Length == 0)
            _faults.Add(_root, "neither spec nor specs holds a rule");

        new NameTraps(_faults).Look(rules);
        return [.. rules.Select(rule => reading.Read(rule, ReferenceTo(rule.Path))).OfType<PolicySection>()];
    }

    private IEnumerable<ManifestNode> Rules()
    {
        if (_root.Find("spec") is { } spec)
            yield return spec;

        foreach (var item in _root.Find("specs")?.AsItems(_faults) ?? [])
            yield return item;
    }

    private RuleReference ReferenceTo(string path) => new(_kind, _namespace, _name, path);

    private PolicyDocument Refuse(bool isPlaced)
    {
        var closing = new ClosingReading(_document, _namespace, isPlaced, ReferenceTo(_faults.Faults[0].Path));
        var sections = closing.Read();
        var faults = IsOfCluster ? ClosingWords.AddTo(_faults.Faults, sections) : _faults.Faults;
        return new PolicyDocument(_kind, _namespace, _name, sections, faults) { Warnings = _faults.Warnings };
    }
}
