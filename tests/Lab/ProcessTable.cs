using System.Diagnostics;
using System.Globalization;

namespace Lab;

/// <summary>Processes by number and start time, so that a number used again is never taken for the old process.</summary>
public static class ProcessTable
{
    /// <summary>Start time in clock ticks since boot, or 0 if there is no such live process.</summary>
    public static long StartTimeOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? 0 : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    public static bool IsAlive(int pid, long startTime) => startTime != 0 && StartTimeOf(pid) == startTime;

    public static async Task SignalAsync(string signal, IEnumerable<int> pids)
    {
        foreach (var chunk in pids.Chunk(200))
        {
            await Shell.RunAsync(["sh", "-c", $"kill -{signal} {string.Join(' ', chunk)} 2>/dev/null || true"]);
        }
    }

    /// <summary>Asks the processes to end, waits, and kills those that have not.</summary>
    public static async Task EndAsync(IReadOnlyCollection<(int Pid, long StartTime)> processes, TimeSpan patience)
    {
        var living = Living(processes);
        if (living.Count == 0)
        {
            return;
        }

        await SignalAsync("TERM", living.Select(p => p.Pid));
        var started = Stopwatch.GetTimestamp();
        while (Living(processes).Count > 0 && Stopwatch.GetElapsedTime(started) < patience)
        {
            await Task.Delay(20);
        }

        await SignalAsync("KILL", Living(processes).Select(p => p.Pid));
        while (Living(processes).Count > 0)
        {
            await Task.Delay(10);
        }
    }

    private static List<(int Pid, long StartTime)> Living(IEnumerable<(int Pid, long StartTime)> processes) =>
        [.. processes.Where(p => IsAlive(p.Pid, p.StartTime))];
}
