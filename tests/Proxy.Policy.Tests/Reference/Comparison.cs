namespace Proxy.Policy.Tests.Reference;

/// <summary>Where the product and an evaluator differ about drawings.</summary>
internal sealed class Comparison(ReferenceEvaluator evaluator)
{
    /// <summary>Null when they agree on every question; otherwise the smallest policies that show a difference.</summary>
    public string? FindDifference(Drawing drawing, Action<Question, Answer> count)
    {
        var product = ProductOf(drawing.Before, drawing.Scenario, drawing.Questions.Select(one => one.Question));
        if (product.Misread.Count > 0)
            return ReportMisread(drawing.Scenario);

        for (var i = 0; i < drawing.Questions.Count; i++)
        {
            var (question, expected) = drawing.Questions[i];
            count(question, expected);
            // The second answer comes from memory. Explanations are dear: only some verdicts have to be explained.
            if (product.Ask(question) != expected || product.Ask(question) != expected || (i % 10 == 0 && !Explains(product, question, expected)))
                return Report(drawing, question);
        }

        return null;
    }

    private static bool Explains(Product product, Question question, Answer answer) => answer.Outcome switch
    {
        Outcome.Allowed when question.Peer.Kind != PeerKind.Host => product.Explain(question, RuleEffect.Allow) == answer.Rules,
        Outcome.DeniedByRule => product.Explain(question, RuleEffect.Deny) == answer.Rules,
        Outcome.DefaultDeny => product.Explain(question, RuleEffect.Isolate) == answer.Rules && product.Explain(question, RuleEffect.Allow).Length == 0,
        _ => true,
    };

    private string Report(Drawing drawing, Question question)
    {
        // Most differences have nothing to do with what was before.
        var before = Differ(null, drawing.Scenario, question) ? null : drawing.Before;
        var smallest = Shrinking.Shrink(drawing.Scenario, scenario => Differ(before, scenario, question));
        return Report(before, smallest, question);
    }

    private bool Differ(Scenario? before, Scenario scenario, Question question)
    {
        var product = ProductOf(before, scenario, [question]);
        var expected = evaluator.Ask(scenario, question);
        return product.Misread.Count == 0 && (product.Ask(question) != expected || !Explains(product, question, expected));
    }

    private static Product ProductOf(Scenario? before, Scenario scenario, IEnumerable<Question> asked) =>
        before is null ? new Product(scenario) : Product.After(before, asked, scenario);

    private string Report(Scenario? before, Scenario scenario, Question question) =>
        $"""
        {(before is null ? "" : $"before:\n{Manifest.Write(before.Documents)}\n{Describe(before.Cluster)}\nnow:")}
        {Manifest.Write(scenario.Documents)}
        {question}
        expected {evaluator.Ask(scenario, question)}
        actual   {ProductOf(before, scenario, [question]).Ask(question)}
        explained by {ProductOf(before, scenario, [question]).Explain(question, null)}
        {Describe(scenario.Cluster)}
        """;

    private static string ReportMisread(Scenario scenario)
    {
        var smallest = Shrinking.Shrink(scenario, smaller => new Product(smaller).Misread.Count > 0);
        var faults = new Product(smallest).Misread.SelectMany(document => document.Faults.Select(fault => fault.ToString()).DefaultIfEmpty("no fault"));
        return $"{Manifest.Write(smallest.Documents)}\nmisread: {string.Join('\n', faults)}\n";
    }

    private static string Describe(ClusterModel cluster) => string.Join('\n', (string[])
    [
        .. cluster.Namespaces.Select(entry => $"namespace {entry.Key}: {string.Join(' ', entry.Value)}"),
        .. cluster.Services.Select(service => $"service {service.Namespace}/{service.Name} {string.Join(' ', service.Labels)}: {string.Join(' ', service.Selector?.Select(label => label.ToString()) ?? service.Addresses)}"),
        .. cluster.Groups.Select(group => $"group {group.Name} {string.Join(' ', group.Labels)}: {string.Join(' ', group.Cidrs)}"),
        .. cluster.Secrets.Select(secret => secret.ToString()),
        $"audit: {string.Join(' ', cluster.AuditNamespaces)}",
    ]);
}
