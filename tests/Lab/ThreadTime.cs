using System.Globalization;

namespace Lab;

/// <summary>How long a thread has run, and how long it has been ready to run and had no processor.</summary>
internal readonly record struct ThreadTime(string Name, TimeSpan Ran, TimeSpan Waited)
{
    private const int NanosecondsPerTick = 100;

    /// <summary>Those threads of a process that live, by names of which the kernel keeps 15 characters.</summary>
    public static IReadOnlyList<ThreadTime> Of(int pid) =>
        [.. Directory.EnumerateDirectories($"/proc/{pid}/task").Select(Read).OfType<ThreadTime>()];

    // Time on a processor, time of waiting for one, turns (Documentation/scheduler/sched-stats.rst).
    private static ThreadTime? Read(string thread)
    {
        try
        {
            var times = File.ReadAllText($"{thread}/schedstat").Split(' ');
            return new ThreadTime(File.ReadAllText($"{thread}/comm").TrimEnd(), Time(times[0]), Time(times[1]));
        }
        catch (IOException)
        {
            // Ended in the meantime.
            return null;
        }
    }

    private static TimeSpan Time(string nanoseconds) => TimeSpan.FromTicks(long.Parse(nanoseconds, CultureInfo.InvariantCulture) / NanosecondsPerTick);
}
