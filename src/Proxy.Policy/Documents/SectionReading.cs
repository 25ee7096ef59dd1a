using Proxy.Policy.Labels;
using Proxy.Policy.Matching;

namespace Proxy.Policy.Documents;

/// <summary>Reads one rule of a Cilium document: <c>spec</c>, or an item of <c>specs</c>.</summary>
internal sealed class SectionReading(SelectorReading selectors, bool ignoresQuery, FaultLog faults)
{
    private const int MaxLogValue = 32;

    private readonly RuleReading _rules = new(selectors, ignoresQuery, faults);

    /// <summary>Null when the rule is about nodes, of which nothing is captured.</summary>
    public PolicySection? Read(ManifestNode node, RuleReference reference)
    {
        if (node.AsMapping(faults) is not { } rule)
            return null;

        KeySchema.Rule.Check(rule, faults);
        CheckWords(rule);
        var subject = ReadSubject(rule);
        var section = new PolicySection(subject ?? selectors.Whole, reference, ReadItems(rule, reference, subject))
        {
            LogValue = ReadLogValue(rule),
        };
        section = ReadDirections(rule, section);
        if (subject is null)
            CheckHostRules(rule);
        return subject is null ? null : section;
    }

    private void CheckWords(ManifestMapping rule)
    {
        rule.Find("description")?.AsText(faults);
        foreach (var item in rule.Find("labels")?.AsItems(faults) ?? [])
        {
            if (item.AsMapping(faults) is not { } label)
                continue;

            KeySchema.RuleLabel.Check(label, faults);
            if (label.Find("key") is null)
                faults.Add(label, "the key of the label is missing");
            foreach (var (_, value) in label.Entries)
                value.AsText(faults);
        }
    }

    private string ReadLogValue(ManifestMapping rule)
    {
        if (rule.Find("log")?.AsMapping(faults) is not { } log)
            return "";

        KeySchema.Log.Check(log, faults);
        if (log.Find("value") is not { } value || value.AsText(faults) is not { } text)
            return "";

        if (text.Length <= MaxLogValue && text == ManifestText.Show(text))
            return text;

        faults.Add(value, $"a log value has at most {MaxLogValue} printable characters");
        return "";
    }

    // Null when the rule is about nodes.
    private LabelSelector? ReadSubject(ManifestMapping rule)
    {
        var pods = rule.Find("endpointSelector");
        if (rule.Find("nodeSelector") is { } nodes)
            return ReadNodes(nodes, pods);

        if (pods is not null)
            return selectors.ReadSubject(pods);

        faults.Add(rule, "the endpointSelector is missing", $"write 'endpointSelector: {{}}' for every pod{(selectors.IsOfCluster ? "" : " of the namespace")}");
        return selectors.Whole;
    }

    private LabelSelector? ReadNodes(ManifestNode nodes, ManifestNode? pods)
    {
        if (pods is not null)
            faults.Add(nodes, "endpointSelector and nodeSelector cannot stand in one rule", "write two rules in specs");
        if (!selectors.IsOfCluster)
            faults.Add(nodes, "only a CiliumClusterwideNetworkPolicy can select nodes", "did you mean 'endpointSelector'?");

        selectors.ReadAnywhere(nodes);
        faults.Warn(nodes, "rules about nodes are not supported: what nodes themselves send and receive is not captured, and no pod is affected");
        return null;
    }

    private List<PolicyRule> ReadItems(ManifestMapping rule, RuleReference reference, LabelSelector? subject)
    {
        var hasInitSubject = subject is not null && SelectorReading.IsInit(subject);
        var rules = new List<PolicyRule>();
        foreach (var list in ItemList.All)
        {
            var items = ItemsOf(rule, list);
            for (var i = 0; i < items.Count; i++)
                rules.AddRange(_rules.Read(items[i], list, reference with { RulePath = $"{reference.RulePath}.{list.Key}[{i}]" }, hasInitSubject));
        }

        return rules;
    }

    private static IReadOnlyList<ManifestNode> ItemsOf(ManifestMapping rule, ItemList list) =>
        rule[list.Key] is ManifestSequence sequence ? sequence.Items : [];

    private PolicySection ReadDirections(ManifestMapping rule, PolicySection section)
    {
        foreach (var list in ItemList.All)
            rule.Find(list.Key)?.AsItems(faults);

        var (ingress, egress) = (HasItems(rule, Direction.Ingress), HasItems(rule, Direction.Egress));
        if (!ingress && !egress)
            faults.Add(FirstList(rule) ?? rule, "a rule without items declares nothing", "write 'ingress: [{}]' to deny by default");

        var deny = rule.FindGiven("enableDefaultDeny", faults)?.AsMapping(faults);
        if (deny is not null)
            KeySchema.DefaultDeny.Check(deny, faults);
        var isolatesIngress = deny?.FindGiven("ingress", faults)?.AsTruth(faults);
        var isolatesEgress = deny?.FindGiven("egress", faults)?.AsTruth(faults);
        return section with
        {
            GovernsIngress = ingress || isolatesIngress == true,
            GovernsEgress = egress || isolatesEgress == true,
            LeavesIngressOpen = isolatesIngress == false,
            LeavesEgressOpen = isolatesEgress == false,
        };
    }

    private static bool HasItems(ManifestMapping rule, Direction direction) =>
        ItemList.All.Any(list => list.Direction == direction && ItemsOf(rule, list).Count > 0);

    private static ManifestNode? FirstList(ManifestMapping rule) =>
        ItemList.All.Select(list => rule[list.Key]).FirstOrDefault(list => list is not null);

    private void CheckHostRules(ManifestMapping rule)
    {
        foreach (var item in ItemList.All.SelectMany(list => ItemsOf(rule, list)).OfType<ManifestMapping>())
        {
            foreach (var entry in (item["toPorts"] as ManifestSequence)?.Items.OfType<ManifestMapping>() ?? [])
            {
                if (entry["rules"] is ManifestMapping { Entries.Count: > 0 } requests)
                    faults.Add(requests, "a rule about nodes cannot look at requests");
            }
        }
    }
}
