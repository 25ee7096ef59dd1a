namespace Lab.Faults;

/// <summary>What a loop of faults runs with. The seed draws which faults come, for how long, and after which pauses.</summary>
internal sealed record FaultPlan
{
    public TimeSpan Length { get; init; } = TimeSpan.FromMinutes(2);

    public int Seed { get; init; } = Random.Shared.Next();

    public TimeSpan ShortestFault { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan LongestFault { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);
}
