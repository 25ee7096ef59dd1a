using System.Diagnostics;

namespace Lab;

/// <summary>Waits for a state of the system that sends no event, by asking often.</summary>
public static class Wait
{
    public static Task<bool> UntilAsync(Func<bool> condition, TimeSpan limit) =>
        UntilAsync(() => Task.FromResult(condition()), limit);

    public static async Task<bool> UntilAsync(Func<Task<bool>> condition, TimeSpan limit)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                return false;
            }

            await Task.Delay(20);
        }

        return true;
    }
}
