using Lab.Faults;
using Lab.Traffic;

namespace Proxy.Linux.Tests.Faults;

public sealed class FaultPlanTests
{
    private static readonly long Settling = (long)ForbiddenTimes.Settling.TotalMilliseconds;
    private static readonly Fault Nothing = new("nothing", () => Task.CompletedTask, () => Task.CompletedTask);

    [Fact]
    public void Minutes_and_seed_are_read()
    {
        Assert.Equal(new FaultPlan { Length = TimeSpan.FromSeconds(90), Seed = 7 }, FaultsCommand.Read(["--minutes", "1.5", "--seed", "7"]));
        Assert.NotNull(FaultsCommand.Read([]));
    }

    [Theory]
    [InlineData("--minutes")]
    [InlineData("--minutes", "0")]
    [InlineData("--seed", "x")]
    [InlineData("--sed", "1")]
    public void What_is_not_understood_is_refused(params string[] args) => Assert.Null(FaultsCommand.Read(args));

    [Fact]
    public void A_seed_draws_the_same_faults_again()
    {
        Assert.Equal(Names(5), Names(5));
        Assert.NotEqual(Names(5), Names(6));
    }

    [Theory]
    [InlineData(-1, 10, false)] // the change was not yet in force
    [InlineData(0, 10, true)]
    [InlineData(0, 5000, false)] // ended after the pod was allowed again
    public void An_answer_counts_only_while_policy_forbids_it(long after, long took, bool isBreach)
    {
        var times = new ForbiddenTimes();
        times.Note(Nothing with { Forbids = true }, 1000, 1000 + Settling + 5000);

        Assert.Equal(isBreach, times.IsForbidden(Answer(1000 + Settling + after, took)));
    }

    [Fact]
    public void An_answer_is_excused_while_a_daemon_cannot_follow()
    {
        var times = new ForbiddenTimes();
        times.Note(Nothing with { Forbids = true }, 1000, 20_000);
        times.Note(Nothing with { Freezes = true }, 4000, 5000);

        Assert.False(times.IsForbidden(Answer(4500, 10)));
        Assert.True(times.IsForbidden(Answer(5000 + Settling, 10)));
    }

    private static TrafficRecord Answer(long time, long took) => new(time, time, "short", TrafficRecord.Ok, took, Heard: true, "");

    private static List<string> Names(int seed)
    {
        var lane = new FaultLane(new FaultPlan(), seed, new ForbiddenTimes(), _ => { });
        List<Fault> faults = [.. Enumerable.Range(0, 12).Select(number => Nothing with { Name = $"{number}" })];
        return [.. Enumerable.Range(0, 20).Select(_ => lane.Draw(faults).ToString())];
    }
}
