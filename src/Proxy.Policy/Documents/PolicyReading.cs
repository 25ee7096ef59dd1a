using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads one policy document from the root down.</summary>
internal sealed class PolicyReading
{
    private const string DefaultNamespace = "default";
    private const int MaxName = 253;
    private const int MaxNamespace = 63;

    private readonly ManifestDocument _document;
    private readonly ManifestMapping _root;
    private readonly FaultLog _faults;
    private readonly string _kind;
    private readonly string _namespace;
    private readonly string _name;
    private readonly SelectorReading _selectors;
    private readonly RuleReading _rules;

    public PolicyReading(ManifestDocument document)
    {
        _document = document;
        _root = document.Root;
        _kind = ManifestText.Show(document.Kind);
        _namespace = document.Namespace.Length == 0 ? DefaultNamespace : ManifestText.Show(document.Namespace);
        _name = ManifestText.Show(document.Name);
        _faults = new FaultLog(document.File, $"{_kind} {_namespace}/{_name}");
        _selectors = new SelectorReading(_namespace, _faults);
        _rules = new RuleReading(_selectors, _faults);
    }

    public PolicyDocument Read()
    {
        CheckKind();
        var isPlaced = CheckMetadata();
        if (_faults.Count > 0 && !IsReadKind)
            return Refuse(isPlaced);

        KeySchema.Root.Check(_root, _faults);
        PolicySection[] sections = [.. Rules().Select(ReadRule)];
        if (sections.Length == 0)
            _faults.Add(_root, "neither spec nor specs holds a rule");

        return _faults.Count > 0 ? Refuse(isPlaced) : new PolicyDocument(_kind, _namespace, _name, sections, []);
    }

    private bool IsReadKind => _document.Kind == PolicyParser.Namespaced;

    private void CheckKind()
    {
        var kind = _document.Kind;
        if (kind is PolicyParser.Clusterwide or PolicyParser.Kubernetes)
            _faults.Add(_root["kind"]!, "the kind is not supported yet");
        else if (!IsReadKind)
            _faults.Add(_root["kind"] ?? _root, "not a kind of policy", $"did you mean '{PolicyParser.Namespaced}'?");
        else if (_document.ApiVersion != PolicyParser.CiliumVersion)
            _faults.Add(_root["apiVersion"] ?? _root, "not a version that is understood", $"did you mean '{PolicyParser.CiliumVersion}'?");
    }

    // False when the document may belong to another namespace than the one it seems to be in.
    private bool CheckMetadata()
    {
        if (_root.Find("metadata") is not { } node)
        {
            _faults.Add(_root, "the metadata are missing");
            return false;
        }

        if (node.AsMapping(_faults) is not { } metadata)
            return false;

        var before = _faults.Count;
        KeySchema.Metadata.Check(metadata, _faults);
        var hasUnknownKey = _faults.Count > before;
        CheckName(metadata, metadata.Find("name"));
        return metadata.Find("namespace") is { } space ? CheckNamespace(space) : !hasUnknownKey;
    }

    private void CheckName(ManifestMapping metadata, ManifestNode? name)
    {
        if (name is null)
            _faults.Add(metadata, "the name is missing");
        else if (name.AsText(_faults) is { } text && !IsDnsName(text, MaxName, allowDots: true))
            _faults.Add(name, "not a name: lower-case letters, digits, '-' and '.'");
    }

    private bool CheckNamespace(ManifestNode node)
    {
        if (node.AsText(_faults) is not { } text)
            return false;

        var isValid = IsDnsName(text, MaxNamespace, allowDots: false);
        if (!isValid)
            _faults.Add(node, "not a namespace: at most 63 lower-case letters, digits and '-'");
        return isValid;
    }

    private static bool IsDnsName(string text, int longest, bool allowDots) =>
        text.Length > 0
        && text.Length <= longest
        && char.IsAsciiLetterOrDigit(text[0])
        && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-' || (allowDots && c == '.'));

    private IEnumerable<ManifestNode> Rules()
    {
        if (_root.Find("spec") is { } spec)
            yield return spec;

        foreach (var item in _root.Find("specs")?.AsItems(_faults) ?? [])
            yield return item;
    }

    private PolicySection ReadRule(ManifestNode node)
    {
        var reference = ReferenceTo(node.Path);
        if (node.AsMapping(_faults) is not { } rule)
            return new PolicySection(_selectors.WholeNamespace, reference, []) { GovernsIngress = true, GovernsEgress = true };

        KeySchema.Rule.Check(rule, _faults);
        rule.Find("description")?.AsText(_faults);
        return new PolicySection(ReadSubject(rule), reference, ReadIngress(rule, reference)) { GovernsIngress = true };
    }

    private LabelSelector ReadSubject(ManifestMapping rule)
    {
        if (rule.Find("endpointSelector") is { } selector)
            return _selectors.ReadSubject(selector);

        _faults.Add(rule, "the endpointSelector is missing", "write 'endpointSelector: {}' for every pod of the namespace");
        return _selectors.WholeNamespace;
    }

    private PolicyRule[] ReadIngress(ManifestMapping rule, RuleReference reference)
    {
        var items = rule.Find("ingress")?.AsItems(_faults) ?? [];
        if (items.Count == 0)
            _faults.Add(rule["ingress"] ?? rule, "a rule without items declares nothing", "write 'ingress: [{}]' to deny by default");

        return [.. items.SelectMany((item, i) => _rules.Read(item, ItemOf(reference, i)))];
    }

    private static RuleReference ItemOf(RuleReference rule, int index) =>
        rule with { RulePath = $"{rule.RulePath}.ingress[{index}]" };

    private RuleReference ReferenceTo(string path) => new(_kind, _namespace, _name, path);

    private PolicyDocument Refuse(bool isPlaced)
    {
        var closing = new ClosingReading(_document, _namespace, isPlaced, ReferenceTo(_faults.Faults[0].Path));
        return new PolicyDocument(_kind, _namespace, _name, closing.Read(), _faults.Faults);
    }
}
