namespace Proxy.Policy.Tests.Reference;

/// <summary>One drawn cluster with policies, and questions about it with the answers of an evaluator.</summary>
internal sealed record Drawing(Scenario Scenario, IReadOnlyList<(Question Question, Answer Answer)> Questions)
{
    public const int QuestionsPerSet = 105;

    /// <summary>What the policies were before a change; null when the scenario is the first.</summary>
    public Scenario? Before { get; init; }

    /// <summary>The same for the same numbers.</summary>
    public static Drawing Of(int seed, int set, ReferenceEvaluator evaluator)
    {
        var random = new Random(unchecked((seed * 1_000_003) + set));
        var cluster = new ClusterDraw(random).Cluster();
        var policies = new PolicyDraw(random, cluster);
        var scenario = new Scenario(cluster, policies.Documents());
        var questions = new QuestionDraw(random, cluster);
        return new Drawing(scenario, random.List(QuestionsPerSet, QuestionsPerSet, () => Telling(random, scenario, questions, evaluator)))
        {
            Before = random.OneIn(2) ? null : Change(random, scenario, policies),
        };
    }

    // Most pairs meet no rule at all: of the answers that say little only some are kept.
    private static (Question Question, Answer Answer) Telling(
        Random random, Scenario scenario, QuestionDraw questions, ReferenceEvaluator evaluator)
    {
        while (true)
        {
            var question = questions.Question();
            var answer = evaluator.Ask(scenario, question);
            var saysLittle = answer is { Outcome: Outcome.NotIsolated or Outcome.DefaultDeny, IsConnectionAudited: false, IsGated: false };
            if (!saysLittle || random.OneIn(4))
                return (question, answer);
        }
    }

    private static Scenario Change(Random random, Scenario scenario, PolicyDraw policies)
    {
        var other = new ClusterDraw(random).Cluster();
        var documents = scenario.Documents.ToList();
        var at = random.Next(documents.Count);
        switch (random.Next(4))
        {
            case 0:
                documents.RemoveAt(at);
                break;
            case 1:
                documents.Insert(at, policies.Documents()[0]);
                break;
            case 2:
                documents[at] = policies.Documents()[0];
                break;
            default:
                return scenario with { Cluster = scenario.Cluster with { Services = other.Services, Groups = other.Groups, Secrets = other.Secrets, AuditNamespaces = other.AuditNamespaces } };
        }

        return scenario with { Documents = documents };
    }
}
