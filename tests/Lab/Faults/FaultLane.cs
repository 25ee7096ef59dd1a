namespace Lab.Faults;

/// <summary>One fault after another, drawn from a seed; two lanes make them meet.</summary>
internal sealed class FaultLane(FaultPlan plan, int seed, ForbiddenTimes times, Action<string> say)
{
    private readonly Random random = new(seed);

    /// <summary>Draws until the time is over; every fault that was begun is ended.</summary>
    public async Task RunAsync(Func<IReadOnlyList<Fault>> faults, DateTimeOffset end)
    {
        while (TimeProvider.System.GetUtcNow() < end)
        {
            var drawn = Draw(faults());
            await RunAsync(drawn.Fault, drawn.Length);
            await Task.Delay(drawn.Pause);
        }
    }

    /// <summary>What comes next, how long it lasts, and the pause after it.</summary>
    internal (Fault Fault, TimeSpan Length, TimeSpan Pause) Draw(IReadOnlyList<Fault> faults) => (
        faults[random.Next(faults.Count)],
        Between(plan.ShortestFault, plan.LongestFault),
        Between(TimeSpan.Zero, plan.LongestPause));

    private async Task RunAsync(Fault fault, TimeSpan length)
    {
        say($"{fault.Name} for {length.TotalSeconds:F1} s");
        var from = Now();
        try
        {
            await fault.BeginAsync();
            var forbiddenFrom = Now();
            await Task.Delay(length);
            times.Note(fault, fault.Freezes ? from : forbiddenFrom, Now());
        }
        finally
        {
            await fault.EndAsync();
        }
    }

    private static long Now() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private TimeSpan Between(TimeSpan shortest, TimeSpan longest) => shortest + (random.NextDouble() * (longest - shortest));
}
