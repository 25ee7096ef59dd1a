using System.Globalization;

namespace Fuzz.Tests;

/// <summary>The short form of <c>make fuzz</c>: the same inputs each time, and every file of the corpus.</summary>
public sealed class FuzzTargetTests(ITestOutputHelper output)
{
    private const int Seed = 1;
    private const int Inputs = 2000;

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Nothing_is_found_in_the_corpus_and_a_few_thousand_mutations(string name)
    {
        var target = FuzzTargets.Find(name);
        var campaign = new Campaign(target, Seed);
        var finding = campaign.Run(Campaign.Regressions(target), tried => tried < Inputs);
        output.WriteLine($"{campaign.Tried} inputs");
        if (finding is null)
            return;
        finding = Shrinker.Shrink(target, finding);
        Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{finding.Text}\ninput (base64): {Convert.ToBase64String(finding.Input)}"));
    }

    [Fact]
    public void Every_folder_of_the_corpus_is_a_targets()
    {
        var folders = Directory.GetDirectories(Path.Combine(AppContext.BaseDirectory, "Corpus")).Select(Path.GetFileName);
        Assert.Empty(folders.Except(FuzzTargets.All.Select(target => target.Name)).Except(["certificates"]));
    }

    [Fact]
    public void Seeds_are_no_longer_than_their_targets_take() =>
        Assert.All(FuzzTargets.All, target => Assert.All(target.Seeds, seed => Assert.InRange(seed.Length, 1, target.MaxLength)));
}
