namespace Proxy.Policy.Tests.Reference;

/// <summary>One drawn cluster with policies, and questions about it with the answers of the reference.</summary>
internal sealed record Drawing(Scenario Scenario, IReadOnlyList<(Question Question, Answer Answer)> Questions)
{
    public const int QuestionsPerSet = 60;

    private static readonly ReferenceEvaluator Reference = new();

    /// <summary>The same for the same numbers.</summary>
    public static Drawing Of(int seed, int set)
    {
        var random = new Random(unchecked((seed * 1_000_003) + set));
        var cluster = new ClusterDraw(random).Cluster();
        var scenario = new Scenario(cluster, new PolicyDraw(random, cluster).Documents());
        var questions = new QuestionDraw(random, cluster);
        return new Drawing(scenario, random.List(QuestionsPerSet, QuestionsPerSet, () => Telling(random, scenario, questions)));
    }

    // Most pairs meet no rule at all: of the answers that say little only some are kept.
    private static (Question Question, Answer Answer) Telling(Random random, Scenario scenario, QuestionDraw questions)
    {
        while (true)
        {
            var question = questions.Question();
            var answer = Reference.Ask(scenario, question);
            var saysLittle = answer is { Outcome: Outcome.NotIsolated or Outcome.DefaultDeny, IsConnectionAudited: false, IsGated: false };
            if (!saysLittle || random.OneIn(5))
                return (question, answer);
        }
    }
}
