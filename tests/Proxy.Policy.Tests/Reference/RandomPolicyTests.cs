using System.Globalization;

namespace Proxy.Policy.Tests.Reference;

/// <summary>
/// The product against the reference on policies, clusters, connections and requests that are drawn. The seed of a run is
/// in its output; POLICY_SEED repeats it, POLICY_SETS changes how much is drawn.
/// </summary>
public sealed class RandomPolicyTests(ITestOutputHelper output)
{
    private const int MaxReports = 3;
    private const int DefaultSets = 1000;

    private static readonly int Seed = Number("POLICY_SEED", Random.Shared.Next());
    private static readonly int Sets = Number("POLICY_SETS", DefaultSets);

    [Fact]
    public void The_product_answers_as_the_reference_does()
    {
        output.WriteLine($"POLICY_SEED={Seed} POLICY_SETS={Sets}");
        var tally = new Tally();
        var reports = Enumerable.Range(0, Sets)
            .AsParallel().AsOrdered()
            .Select(set => FindDifference(set, tally))
            .OfType<string>()
            .Take(MaxReports)
            .ToList();
        output.WriteLine(tally.ToString());

        Assert.True(reports.Count == 0, $"POLICY_SEED={Seed}\n{string.Join("\n========\n", reports)}");
        Assert.True(Sets < DefaultSets || tally.Draws >= 100_000);
        Assert.True(Sets < DefaultSets || !tally.TooSeldom.Any(), $"POLICY_SEED={Seed} too seldom: {string.Join(", ", tally.TooSeldom)}\n{tally}");
    }

    private static string? FindDifference(int set, Tally tally)
    {
        var evaluator = new ReferenceEvaluator();
        var report = new Comparison(evaluator).FindDifference(Drawing.Of(Seed, set, evaluator), tally.Count);
        return report is null ? null : $"set {set}\n{report}";
    }

    public static TheoryData<string> Mistakes => [.. WrongEvaluators.Names];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_would_be_found(string mistake)
    {
        const int fewSets = 200;
        var wrong = WrongEvaluators.Named(mistake);
        var comparison = new Comparison(wrong);
        var report = Enumerable.Range(0, fewSets)
            .Select(set => comparison.FindDifference(Drawing.Of(Seed, set, wrong), (_, _) => { }))
            .FirstOrDefault(report => report is not null);
        output.WriteLine($"POLICY_SEED={Seed}\n{report}");

        Assert.True(report is not null, $"POLICY_SEED={Seed}");
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
