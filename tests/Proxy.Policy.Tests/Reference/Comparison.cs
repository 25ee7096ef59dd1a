namespace Proxy.Policy.Tests.Reference;

/// <summary>Where product and reference differ about one drawing.</summary>
internal static class Comparison
{
    private static readonly ReferenceEvaluator Reference = new();

    /// <summary>Null when they agree on every question; otherwise the smallest policies that show a difference.</summary>
    public static string? FindDifference(Drawing drawing, Action<Question, Answer> count)
    {
        var product = new Product(drawing.Scenario);
        if (product.Faults.Count > 0)
            return ReportRefusal(drawing.Scenario);

        foreach (var (question, expected) in drawing.Questions)
        {
            count(question, expected);
            if (product.Ask(question) != expected)
                return Report(Shrinking.Shrink(drawing.Scenario, scenario => Differ(scenario, question)), question);
        }

        return null;
    }

    private static bool Differ(Scenario scenario, Question question)
    {
        var product = new Product(scenario);
        return product.Faults.Count == 0 && product.Ask(question) != Reference.Ask(scenario, question);
    }

    private static string Report(Scenario scenario, Question question) =>
        $"""
        {Manifest.Write(scenario.Documents)}
        {question}
        expected {Reference.Ask(scenario, question)}
        actual   {new Product(scenario).Ask(question)}
        {Describe(scenario.Cluster)}
        """;

    private static string ReportRefusal(Scenario scenario)
    {
        var smallest = Shrinking.Shrink(scenario, smaller => new Product(smaller).Faults.Count > 0);
        return $"{Manifest.Write(smallest.Documents)}\nrefused: {string.Join('\n', new Product(smallest).Faults)}\n";
    }

    private static string Describe(ClusterModel cluster) => string.Join('\n', (string[])
    [
        .. cluster.Namespaces.Select(entry => $"namespace {entry.Key}: {string.Join(' ', entry.Value)}"),
        .. cluster.Services.Select(service => $"service {service.Namespace}/{service.Name} {string.Join(' ', service.Labels)}: {string.Join(' ', service.Selector ?? service.Addresses.ToDictionary(address => address))}"),
        .. cluster.Groups.Select(group => $"group {group.Name} {string.Join(' ', group.Labels)}: {string.Join(' ', group.Cidrs)}"),
        .. cluster.Secrets.Select(secret => secret.ToString()),
        $"audit: {string.Join(' ', cluster.AuditNamespaces)}",
    ]);
}
