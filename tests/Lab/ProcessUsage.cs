using System.Globalization;

namespace Lab;

/// <summary>What a process has used so far.</summary>
public readonly record struct ProcessUsage(long ResidentKiB, TimeSpan Cpu)
{
    /// <summary>Ticks per second of /proc/PID/stat: USER_HZ, which is 100 on every Linux architecture that .NET runs on.</summary>
    internal const int TicksPerSecond = 100;

    public static ProcessUsage Of(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        var resident = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return new(
            long.Parse(resident.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture),
            TimeSpan.FromSeconds((double)ticks / TicksPerSecond));
    }
}
