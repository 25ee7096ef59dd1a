using System.Globalization;

namespace Lab;

/// <summary>How long threads have been ready to run and had no processor: whether a machine had time for what it was asked to do.</summary>
public static class ProcessorWait
{
    private const int NanosecondsPerTick = 100;

    /// <summary>Of the workers of a node-proxy, so far, on an average.</summary>
    public static TimeSpan OfWorkers(int pid)
    {
        var waits = Directory.EnumerateDirectories($"/proc/{pid}/task").Where(IsWorker).Select(Of).ToList();
        return waits.Count == 0 ? throw new LabException($"process {pid} has no worker") : new TimeSpan((long)waits.Average(wait => wait.Ticks));
    }

    /// <summary>Of all threads of a process that live, so far, together.</summary>
    public static TimeSpan OfProcess(int pid) =>
        Directory.EnumerateDirectories($"/proc/{pid}/task").Select(Of).Aggregate(TimeSpan.Zero, (sum, wait) => sum + wait);

    private static bool IsWorker(string thread) => Read(thread, "comm").StartsWith("worker-", StringComparison.Ordinal);

    // Time on a processor, time of waiting for one, turns (Documentation/scheduler/sched-stats.rst).
    private static TimeSpan Of(string thread) => Read(thread, "schedstat").Split(' ') is [_, var wait, ..]
        ? TimeSpan.FromTicks(long.Parse(wait, CultureInfo.InvariantCulture) / NanosecondsPerTick)
        : TimeSpan.Zero;

    private static string Read(string thread, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, name));
        }
        catch (IOException)
        {
            // Ended in the meantime.
            return "";
        }
    }
}
